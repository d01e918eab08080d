import { TextField } from "./field";

/** Where a second factor is typed: one field for the app's codes and for those on paper. */
export function CodeField({
  value,
  onChange,
  recovery = true,
  app = true,
}: {
  value: string;
  onChange: (value: string) => void;
  /** Whether a recovery code will do, too. */
  recovery?: boolean;
  /** Whether a code of an app will do. */
  app?: boolean;
}) {
  return (
    <TextField
      label={app ? "Code" : "Recovery code"}
      name="code"
      autoComplete="one-time-code"
      autoCapitalize="off"
      spellCheck={false}
      inputMode={recovery ? "text" : "numeric"}
      required
      autoFocus
      maxLength={40}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      hint={
        !app
          ? "One of those that you kept when you set your passkey up."
          : recovery
            ? "The six digits in your app, or a recovery code."
            : "The six digits in your app."
      }
      className="font-mono tracking-wider"
    />
  );
}
