import { createContext, type ReactNode, useCallback, useContext, useRef, useState } from "react";
import { count as formatCount } from "@/lib/format";
import { Button } from "./button";
import { Dialog, DialogActs } from "./dialog";
import { TextField } from "./field";
import { Form } from "./form";

interface Question {
  title: string;
  /** The consequence, in numbers. */
  consequence: ReactNode;
  /** The verb on the button. */
  act: string;
  /** How many things are concerned; over 10 the number has to be typed. */
  count?: number;
}

type Ask = (question: Question) => Promise<boolean>;

const TYPED_OVER = 10;
const ConfirmContext = createContext<Ask | null>(null);

/** Asks before a destructive act; true when the person went through with it. */
export function useConfirm(): Ask {
  const ask = useContext(ConfirmContext);
  if (!ask) throw new Error("confirm is used outside its provider");
  return ask;
}

export function ConfirmProvider({ children }: { children: ReactNode }) {
  const [question, setQuestion] = useState<Question | null>(null);
  const [typed, setTyped] = useState("");
  const answer = useRef<((yes: boolean) => void) | null>(null);
  const ask = useCallback<Ask>((next) => {
    setTyped("");
    setQuestion(next);
    return new Promise((resolve) => {
      answer.current = resolve;
    });
  }, []);
  const settle = (yes: boolean) => {
    answer.current?.(yes);
    answer.current = null;
    setQuestion(null);
  };
  const count = question?.count ?? 1;
  const mustType = count > TYPED_OVER;
  const ready = !mustType || typed.replaceAll(/[\s,.]/g, "") === String(count);
  return (
    <ConfirmContext value={ask}>
      {children}
      <Dialog
        open={question !== null}
        onClose={() => settle(false)}
        title={question?.title ?? ""}
        className="md:w-[440px]"
      >
        <Form error={null} onSubmit={() => ready && settle(true)}>
          <div className="text-base text-muted">{question?.consequence}</div>
          {mustType && (
            <TextField
              label={`Type ${formatCount(count)} to confirm`}
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
              inputMode="numeric"
              autoComplete="off"
              autoFocus
              className="font-mono"
            />
          )}
          <DialogActs>
            <Button onClick={() => settle(false)}>Keep</Button>
            <Button type="submit" variant="danger-solid" disabled={!ready} autoFocus={!mustType}>
              {question?.act}
            </Button>
          </DialogActs>
        </Form>
      </Dialog>
    </ConfirmContext>
  );
}
