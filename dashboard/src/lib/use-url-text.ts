import { useEffect, useRef, useState } from "react";

const PAUSE_MS = 200;

/** A text that lives in the URL: it follows the URL, and changes it when the typing pauses; too long a one does not. */
export function useUrlText(value: string | undefined, onChange: (next: string | undefined) => void, most: number) {
  const [text, setText] = useState(value ?? "");
  const sent = useRef(value ?? "");
  const send = useRef(onChange);
  const long = text.trim().length > most;
  useEffect(() => {
    send.current = onChange;
  });
  useEffect(() => {
    if ((value ?? "") === sent.current) return;
    sent.current = value ?? "";
    setText(value ?? "");
  }, [value]);
  useEffect(() => {
    if (text === sent.current || long) return;
    const timer = setTimeout(() => {
      sent.current = text;
      send.current(text.trim() === "" ? undefined : text);
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, long]);
  return { text, setText, long };
}
