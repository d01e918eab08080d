import { useEffect, useState } from "react";
import type { PasswordStrength } from "@/api/contract";
import { useDebounced } from "@/lib/use-debounced";
import { TextField } from "./field";

const MIN_PASSWORD = 12;
const JUDGE_AFTER_MS = 300;
const WORDS = ["Guessed at once", "Guessed soon", "Guessed soon", "Still too easy", "Strong"];

/** How many characters a new password lacks; 0 or less when it is long enough. */
export function charactersToGo(password: string): number {
  return MIN_PASSWORD - password.length;
}

/** Where somebody chooses a password; says how far it is from long enough, and then what the server thinks of it. */
export function NewPasswordField({
  label,
  name,
  value,
  onChange,
  judge,
  autoFocus,
}: {
  label: string;
  /** What the server calls it. */
  name: string;
  value: string;
  onChange: (value: string) => void;
  /** Asks the server, which decides. */
  judge: (password: string) => Promise<PasswordStrength>;
  autoFocus?: boolean;
}) {
  const left = charactersToGo(value);
  const strength = useStrength(value, judge);
  return (
    <TextField
      label={label}
      name={name}
      type="password"
      autoComplete="new-password"
      required
      minLength={MIN_PASSWORD}
      maxLength={256}
      autoFocus={autoFocus}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      hint={
        left > 0 ? (
          `At least ${MIN_PASSWORD} characters: ${left} to go.`
        ) : strength === null ? (
          "Long enough."
        ) : (
          <span className="flex items-center gap-2">
            <meter
              aria-label="Strength"
              className="h-1.5 w-16 shrink-0"
              min={0}
              max={4}
              low={3}
              high={4}
              optimum={4}
              value={strength.score}
            >
              {strength.score} of 4
            </meter>
            <span>
              {WORDS[strength.score]}. {strength.message}
            </span>
          </span>
        )
      }
    />
  );
}

/** What the server thinks of a password as it stands; null while that is not known. */
function useStrength(value: string, judge: (password: string) => Promise<PasswordStrength>): PasswordStrength | null {
  const settled = useDebounced(value, JUDGE_AFTER_MS);
  const [judged, setJudged] = useState<{ password: string; strength: PasswordStrength } | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is asked for depends on the password alone
  useEffect(() => {
    if (charactersToGo(settled) > 0) return;
    let wanted = true;
    // Where nobody answers there is no meter: the server decides when the password is sent.
    judge(settled).then(
      (strength) => wanted && setJudged({ password: settled, strength }),
      () => undefined,
    );
    return () => {
      wanted = false;
    };
  }, [settled]);
  return judged !== null && judged.password === value ? judged.strength : null;
}
