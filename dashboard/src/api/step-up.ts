/**
 * Dangerous acts take proof that it is oneself, given a short while ago. Where the server asks for it, one dialog asks
 * whoever is signed in, and the request is sent once more.
 */

/** Asks for it; whether it was given. */
type Prover = () => Promise<boolean>;

let prover: Prover | null = null;
let proving: Promise<boolean> | null = null;

/** Says who asks from now on. Returns how that ends. */
export function onStepUp(ask: Prover): () => void {
  prover = ask;
  return () => {
    if (prover === ask) prover = null;
  };
}

/** Whether it was proved; requests that need it at the same time wait for one dialog. */
export function proveAgain(): Promise<boolean> {
  if (prover === null) return Promise.resolve(false);
  proving ??= prover().finally(() => {
    proving = null;
  });
  return proving;
}
