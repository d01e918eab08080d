/** A terminal of this tab: screen and link together. It outlives the page that shows it, so one can look elsewhere meanwhile. */
import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import { onSignInChange, signInState } from "@/api/sign-in";
import { keepPreference, readPreference } from "@/lib/storage";
import { setOpenTerminals } from "../api/open-terminals";
import { rememberedSession, rememberSession } from "../api/remembered";
import { placesOf } from "./find";
import { actOf, type RowKey, typedBy, withCtrl } from "./keys";
import { Running } from "./running";
import { XtermScreen } from "./screen";
import { type Earlier, FIRST_VIEW, type LinkView, TerminalLink } from "./terminal-link";
import { THEME } from "./theme";

const FONT = '"JetBrains Mono Variable"';
const FONT_PREFERENCE = "terminal-font";
const FONT_SIZES = [10, 11, 12, 13, 14, 16, 18, 20, 24];
const APPLE = /Mac|iPhone|iPad/.test(navigator.platform);
const ENCODER = new TextEncoder();
const sessions = new Map<string, TerminalSession>();

/** What the page does for keys that are not the shell's. */
export interface KeyUser {
  leave: () => void;
  find: () => void;
  copied: (text: string) => void;
}

export class TerminalSession {
  readonly element = document.createElement("div");
  readonly terminal: Terminal;
  readonly link: TerminalLink;
  readonly agentId: string;
  readonly hostname: string;
  view: LinkView = FIRST_VIEW;
  /** The reason why the last typing or paste was not taken; null when all was. */
  refused: string | null = null;
  /** The key row's Ctrl is held for the next character. */
  ctrl = false;
  keyUser: KeyUser | null = null;
  private readonly screen: XtermScreen;
  private readonly running: Running;
  private readonly earlier: Earlier | null;
  private readonly fit = new FitAddon();
  private readonly listeners = new Set<() => void>();
  private begun = false;

  constructor(agentId: string, hostname: string, earlier: Earlier | null) {
    this.agentId = agentId;
    this.hostname = hostname;
    this.earlier = earlier;
    this.element.className = "h-full w-full";
    this.terminal = new Terminal({
      fontFamily: `${FONT}, ui-monospace, monospace`,
      fontSize: fontSize(),
      lineHeight: 1.2,
      scrollback: 10_000,
      cursorBlink: false,
      theme: THEME,
      minimumContrastRatio: 4.5,
      screenReaderMode: false,
      allowProposedApi: false,
    });
    this.terminal.loadAddon(this.fit);
    this.running = new Running(earlier !== null);
    this.screen = new XtermScreen(this.terminal, () => this.running.drawn(this.beforeCursor()));
    this.link = new TerminalLink(this.screen, (view) => {
      this.view = view;
      if (view.phase === "closed") rememberSession(agentId, null);
      else if (view.sessionId) rememberSession(agentId, view.sessionId);
      this.changed();
    });
    this.terminal.attachCustomKeyEventHandler((event) => this.isForShell(event));
    this.terminal.onData((text) => this.onData(text));
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
      void document.fonts.load(`13px ${FONT}`).finally(() => {
        this.refit();
        this.link.terminal.change({ columns: this.terminal.cols, rows: this.terminal.rows });
        void this.link.begin(this.agentId, this.earlier, this.terminal.cols, this.terminal.rows);
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

  /** Whether it was made to go into this session. */
  wants(sessionId: string): boolean {
    return this.earlier?.sessionId === sessionId;
  }

  /** Whether a program runs in the shell, as far as the screen tells. */
  get runs(): boolean {
    const { phase } = this.view;
    return (phase === "open" || phase === "reconnecting") && (this.isFullScreen || this.running.runs);
  }

  /** Types a key of the row below the screen. */
  press(key: RowKey): void {
    this.onData(typedBy(key, this.terminal.modes.applicationCursorKeysMode));
    this.terminal.focus();
  }

  holdCtrl(held: boolean): void {
    this.ctrl = held;
    this.terminal.focus();
    this.redraw();
  }

  /** Finds a text in all that was shown. */
  find(text: string) {
    return placesOf(this.terminal.buffer.active, this.terminal.cols, text);
  }

  /** Makes the letters of every terminal larger (1) or smaller (-1). */
  resizeFont(step: 1 | -1): void {
    const next = FONT_SIZES[FONT_SIZES.indexOf(fontSize()) + step];
    if (next === undefined) return;
    keepPreference(FONT_PREFERENCE, String(next));
    for (const session of sessions.values()) {
      session.terminal.options.fontSize = next;
      session.refit();
    }
  }

  private get isFullScreen(): boolean {
    return this.terminal.buffer.active.type === "alternate";
  }

  private isForShell(event: KeyboardEvent): boolean {
    const selected = this.terminal.hasSelection();
    const act = actOf(event, { apple: APPLE, selected, fullScreen: this.isFullScreen });
    if (act === "shell") return true;
    if (act === "native") return false;
    event.preventDefault();
    if (event.type !== "keydown") return false;
    if (act === "leave") this.keyUser?.leave();
    else if (act === "find") this.keyUser?.find();
    else if (selected) {
      this.keyUser?.copied(this.terminal.getSelection());
      this.terminal.clearSelection(); // so that the next Ctrl+C interrupts again
    }
    return false;
  }

  private onData(text: string): void {
    if (this.screen.isLateAnswer(text)) return;
    const whole = this.ctrl ? withCtrl(text) : text;
    if (this.ctrl) this.holdCtrl(false);
    this.typed(ENCODER.encode(whole));
  }

  private typed(bytes: Uint8Array): void {
    if (this.view.phase === "closed" || this.view.phase === "failed") return;
    this.running.typed(bytes, this.beforeCursor());
    const taken = this.link.terminal.type(bytes);
    const refused = taken ? null : "Too much is waiting to be sent: the last input was not taken.";
    if (refused === this.refused) return;
    this.refused = refused;
    this.redraw();
  }

  private beforeCursor(): string {
    const { active } = this.terminal.buffer;
    return active.getLine(active.baseY + active.cursorY)?.translateToString(false, 0, active.cursorX) ?? "";
  }

  private refit(): void {
    if (this.element.isConnected && this.element.clientWidth > 0) this.fit.fit();
  }

  private redraw(): void {
    this.view = { ...this.view };
    this.changed();
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
    publish();
  }
}

function isOpen({ phase }: LinkView): boolean {
  return phase === "open" || phase === "reconnecting" || phase === "taken-over";
}

function fontSize(): number {
  const kept = Number(readPreference(FONT_PREFERENCE));
  return FONT_SIZES.includes(kept) ? kept : 13;
}

/**
 * The machine's terminal of this tab; made when there is none. `wanted` is a session of one's own that is open
 * already: the tab goes into that, and the one it had here goes on by itself.
 */
export function terminalFor(agentId: string, hostname: string, wanted?: string): TerminalSession {
  const kept = sessions.get(agentId);
  if (kept && (!wanted || kept.view.sessionId === wanted || kept.wants(wanted))) return kept;
  if (kept) leaveTerminal(agentId);
  const sessionId = wanted ?? rememberedSession(agentId);
  const session = new TerminalSession(agentId, hostname, sessionId ? { sessionId, wanted: Boolean(wanted) } : null);
  sessions.set(agentId, session);
  return session;
}

/** Forgets a terminal; its shell, if it has one, goes on for its grace. */
export function leaveTerminal(agentId: string): void {
  sessions.get(agentId)?.link.leave();
  forget(agentId);
}

/** Ends a terminal and forgets it. */
function endTerminal(agentId: string): void {
  void sessions
    .get(agentId)
    ?.link.close()
    .catch(() => undefined);
  forget(agentId);
}

function forget(agentId: string): void {
  sessions.get(agentId)?.terminal.dispose();
  sessions.delete(agentId);
  publish();
}

function publish(): void {
  const open = [...sessions.values()].filter(({ view }) => isOpen(view));
  setOpenTerminals(open.map(({ agentId, hostname, view }) => ({ agentId, hostname, sessionId: view.sessionId })));
}

// The shell goes on without its page, but whoever leaves by mistake while something runs wants to be asked.
window.addEventListener("beforeunload", (event) => {
  if ([...sessions.values()].some((session) => session.runs)) event.preventDefault();
});

// Another Partner, another person or nobody: no shell of before may go on.
let owner = ownerNow();
onSignInChange(() => {
  const now = ownerNow();
  if (now === owner) return;
  owner = now;
  for (const agentId of [...sessions.keys()]) endTerminal(agentId);
});

function ownerNow(): string {
  const { me } = signInState();
  return me ? `${me.user_id}@${me.tenant_id}` : "";
}
