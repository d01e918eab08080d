/** A terminal of this tab: screen and link together. It outlives the page that shows it, so one can look elsewhere meanwhile. */
import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import { onSignInChange, signInState } from "@/api/sign-in";
import { setOpenTerminals } from "../api/open-terminals";
import { type LinkView, TerminalLink } from "./terminal-link";

const THEME = {
  background: "#06080c",
  foreground: "#e4e8ee",
  cursor: "#2fd6dd",
  cursorAccent: "#06080c",
  selectionBackground: "#2b5a66",
  black: "#1b2028",
  red: "#f2777a",
  green: "#6fd18f",
  yellow: "#e8c26a",
  blue: "#74a9f5",
  magenta: "#c792ea",
  cyan: "#48d3dc",
  white: "#c7cdd8",
  brightBlack: "#66707f",
  brightRed: "#ff9b9d",
  brightGreen: "#93e6ae",
  brightYellow: "#f6d98b",
  brightBlue: "#9cc4ff",
  brightMagenta: "#dcb3f5",
  brightCyan: "#7ee6ec",
  brightWhite: "#f5f7fa",
};
const ENCODER = new TextEncoder();
const sessions = new Map<string, TerminalSession>();

export class TerminalSession {
  readonly element = document.createElement("div");
  readonly terminal: Terminal;
  readonly link: TerminalLink;
  readonly agentId: string;
  readonly hostname: string;
  view: LinkView;
  /** The reason why the last typing or paste was not taken; null when all was. */
  refused: string | null = null;
  /** Called for Shift+Esc: puts the focus outside. */
  onLeave: () => void = () => undefined;
  private readonly fit = new FitAddon();
  private readonly listeners = new Set<() => void>();
  private begun = false;

  constructor(agentId: string, hostname: string) {
    this.agentId = agentId;
    this.hostname = hostname;
    this.element.className = "h-full w-full";
    this.terminal = new Terminal({
      fontFamily: '"JetBrains Mono Variable", ui-monospace, monospace',
      fontSize: 13,
      lineHeight: 1.2,
      scrollback: 10_000,
      cursorBlink: false,
      theme: THEME,
      minimumContrastRatio: 4.5,
      screenReaderMode: false,
      allowProposedApi: false,
    });
    this.terminal.loadAddon(this.fit);
    this.link = new TerminalLink(
      {
        write: (bytes, done) => this.terminal.write(bytes, done),
        reset: () => this.terminal.reset(),
      },
      (view) => {
        this.view = view;
        this.changed();
      },
    );
    this.view = {
      phase: "opening",
      sessionId: null,
      agent: "online",
      notice: "Keystrokes are recorded.",
      openedAt: null,
      lostAt: null,
      closed: null,
      error: null,
    };
    // The one key that is not the program's: a keyboard must find its way out again.
    this.terminal.attachCustomKeyEventHandler((event) => {
      if (event.key !== "Escape" || !event.shiftKey) return true;
      if (event.type === "keydown") this.onLeave();
      return false;
    });
    this.terminal.onData((text) => this.typed(ENCODER.encode(text)));
    this.terminal.onBinary((text) => this.typed(Uint8Array.from(text, (character) => character.charCodeAt(0))));
    this.terminal.onResize(({ cols, rows }) => this.link.terminal.change({ columns: cols, rows }));
  }

  /** Puts the screen into the page; the first time, opens the shell at the size it has there. */
  show(parent: HTMLElement): () => void {
    parent.append(this.element);
    if (!this.terminal.element) this.terminal.open(this.element);
    this.refit();
    const watcher = new ResizeObserver(() => this.refit());
    watcher.observe(parent);
    this.terminal.focus();
    if (!this.begun) {
      this.begun = true;
      void document.fonts.load('13px "JetBrains Mono Variable"').finally(() => {
        this.refit();
        this.link.terminal.change({ columns: this.terminal.cols, rows: this.terminal.rows });
        void this.link.open(this.agentId, this.terminal.cols, this.terminal.rows);
      });
    }
    return () => {
      watcher.disconnect();
      this.element.remove();
    };
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  snapshot = (): LinkView => this.view;

  private typed(bytes: Uint8Array): void {
    if (this.view.phase === "closed" || this.view.phase === "failed") return;
    const taken = this.link.terminal.type(bytes);
    const refused = taken ? null : "Too much is waiting to be sent: the last input was not taken.";
    if (refused === this.refused) return;
    this.refused = refused;
    this.view = { ...this.view };
    this.changed();
  }

  private refit(): void {
    if (this.element.isConnected && this.element.clientWidth > 0) this.fit.fit();
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
    publish();
  }
}

/** The machine's terminal of this tab; made when there is none. */
export function terminalFor(agentId: string, hostname: string): TerminalSession {
  const kept = sessions.get(agentId);
  if (kept) return kept;
  const session = new TerminalSession(agentId, hostname);
  sessions.set(agentId, session);
  return session;
}

/** Forgets a terminal that has ended, so that the next look opens a new one. */
export function discardTerminal(agentId: string): void {
  const session = sessions.get(agentId);
  if (!session) return;
  sessions.delete(agentId);
  void session.link.close().catch(() => undefined);
  session.terminal.dispose();
  publish();
}

function publish(): void {
  const open = [...sessions.values()].filter(
    ({ view }) => view.phase === "open" || view.phase === "reconnecting" || view.phase === "taken-over",
  );
  setOpenTerminals(open.map(({ agentId, hostname }) => ({ agentId, hostname })));
}

// Another Partner, another person or nobody: no shell of before may go on.
let owner = ownerNow();
onSignInChange(() => {
  const now = ownerNow();
  if (now === owner) return;
  owner = now;
  for (const agentId of [...sessions.keys()]) discardTerminal(agentId);
});

function ownerNow(): string {
  const { me } = signInState();
  return me ? `${me.user_id}@${me.tenant_id}` : "";
}
