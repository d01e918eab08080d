/** What the browser does with passkeys. Questions and answers are JSON, as the server has them. */

type Options = Record<string, unknown>;

/** What a passkey answered, for the server. */
export type PasskeyAnswer = Record<string, unknown>;

/** Whether this browser has passkeys for a page at this address: it wants a name, and https or its own machine. */
export function passkeysWork(): boolean {
  const isAddress = /^[\d.]+$|^\[/.test(window.location.hostname);
  return window.isSecureContext && !isAddress && "parseRequestOptionsFromJSON" in (window.PublicKeyCredential ?? {});
}

export async function makePasskey(options: Options): Promise<PasskeyAnswer> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(
    options as unknown as PublicKeyCredentialCreationOptionsJSON,
  );
  return answered(() => navigator.credentials.create({ publicKey }));
}

export async function askPasskey(options: Options): Promise<PasskeyAnswer> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
    options as unknown as PublicKeyCredentialRequestOptionsJSON,
  );
  return answered(() => navigator.credentials.get({ publicKey }));
}

async function answered(ask: () => Promise<Credential | null>): Promise<PasskeyAnswer> {
  const credential = await ask().catch((error: unknown) => {
    throw new Error(sentence(error));
  });
  return (credential as PublicKeyCredential).toJSON() as PasskeyAnswer;
}

/** Browsers say as little as they can: not whether there was no passkey, or nobody wanted to give it. */
function sentence(error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "InvalidStateError") return "This device has a passkey for your account already.";
  if (name === "NotAllowedError") return "No passkey was given. Try again, or take another way in.";
  return "This browser could not use a passkey here.";
}
