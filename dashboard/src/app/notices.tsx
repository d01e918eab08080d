import { Toaster } from "sonner";
import { useTheme } from "@/lib/theme";

/** Where what was done, or could not be done, is said. */
export function Notices() {
  const theme = useTheme();
  return (
    <Toaster
      theme={theme}
      position="bottom-right"
      gap={8}
      mobileOffset={{ bottom: 72 }}
      toastOptions={{ className: "!bg-overlay !border-line !text-ink !font-sans" }}
    />
  );
}
