import { TextField } from "./field";

const MIN_PASSWORD = 12;

/** How many characters a new password lacks; 0 or less when it is long enough. */
export function charactersToGo(password: string): number {
  return MIN_PASSWORD - password.length;
}

/** Where somebody chooses a password; says how far it is from long enough. */
export function NewPasswordField({
  label,
  name,
  value,
  onChange,
  autoFocus,
}: {
  label: string;
  /** What the server calls it. */
  name: string;
  value: string;
  onChange: (value: string) => void;
  autoFocus?: boolean;
}) {
  const left = charactersToGo(value);
  return (
    <TextField
      label={label}
      name={name}
      type="password"
      autoComplete="new-password"
      required
      minLength={MIN_PASSWORD}
      autoFocus={autoFocus}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      hint={left > 0 ? `At least ${MIN_PASSWORD} characters: ${left} to go.` : "Long enough."}
    />
  );
}
