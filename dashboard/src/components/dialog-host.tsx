import { createContext, type ReactNode, Suspense, useCallback, useContext, useState } from "react";

/** Opens a dialog over whatever page is shown; the dialog is given what closes it. */
export type OpenDialog = (dialog: (close: () => void) => ReactNode) => void;

const OpenDialogContext = createContext<OpenDialog | null>(null);

export function useOpenDialog(): OpenDialog {
  const open = useContext(OpenDialogContext);
  if (!open) throw new Error("a dialog is opened outside its host");
  return open;
}

/** Shows the one dialog that is open. What is opened goes when its host goes. */
export function DialogHost({ children }: { children: ReactNode }) {
  const [dialog, setDialog] = useState<ReactNode>(null);
  const open = useCallback<OpenDialog>((make) => setDialog(make(() => setDialog(null))), []);
  return (
    <OpenDialogContext value={open}>
      {children}
      {dialog && <Suspense>{dialog}</Suspense>}
    </OpenDialogContext>
  );
}
