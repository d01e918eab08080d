import { type ComponentProps, type ReactNode, useId } from "react";
import { cn } from "@/lib/cn";
import { useFieldError } from "./form";

const CONTROL =
  "w-full rounded-md border bg-canvas px-2.5 text-sm text-ink placeholder:text-muted hover:border-muted/50 aria-[invalid=true]:border-bad disabled:opacity-50";

interface FieldProps {
  label: string;
  hint?: ReactNode;
  error?: string;
  hideLabel?: boolean;
}

function Field({ id, label, hint, error, hideLabel, children }: FieldProps & { id: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <label htmlFor={id} className={cn("mb-1 block text-sm font-medium", hideLabel && "sr-only")}>
        {label}
      </label>
      {children}
      {error ? (
        <p id={`${id}-note`} role="alert" className="mt-1 text-xs text-bad">
          {error}
        </p>
      ) : hint ? (
        <p id={`${id}-note`} className="mt-1 text-xs text-muted">
          {hint}
        </p>
      ) : null}
    </div>
  );
}

function described(id: string, { hint, error }: FieldProps) {
  return { "aria-describedby": hint || error ? `${id}-note` : undefined, "aria-invalid": error ? true : undefined };
}

export function TextField({
  label,
  hint,
  error,
  hideLabel,
  className,
  ...props
}: FieldProps & ComponentProps<"input">) {
  const id = useId();
  const found = useFieldError(props.name);
  const field = { label, hint, error: error ?? found, hideLabel };
  return (
    <Field id={id} {...field}>
      <input id={id} {...described(id, field)} {...props} className={cn(CONTROL, "h-9", className)} />
    </Field>
  );
}

export function TextArea({
  label,
  hint,
  error,
  hideLabel,
  className,
  ...props
}: FieldProps & ComponentProps<"textarea">) {
  const id = useId();
  const found = useFieldError(props.name);
  const field = { label, hint, error: error ?? found, hideLabel };
  return (
    <Field id={id} {...field}>
      <textarea
        id={id}
        {...described(id, field)}
        {...props}
        className={cn(CONTROL, "py-2 leading-normal", className)}
      />
    </Field>
  );
}

export function SelectField({
  label,
  hint,
  error,
  hideLabel,
  className,
  children,
  ...props
}: FieldProps & ComponentProps<"select">) {
  const id = useId();
  const found = useFieldError(props.name);
  const field = { label, hint, error: error ?? found, hideLabel };
  return (
    <Field id={id} {...field}>
      <select id={id} {...described(id, field)} {...props} className={cn(CONTROL, "h-9 pr-7", className)}>
        {children}
      </select>
    </Field>
  );
}
