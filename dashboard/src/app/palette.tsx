import { useIsFetching } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Command } from "cmdk";
import { CircleHelp, LogOut, type LucideIcon, SunMoon } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { keys } from "@/api/keys";
import { useMe } from "@/api/use-sign-in";
import { PaletteGroup, PaletteItem } from "@/components/palette-items";
import { useFeatures } from "@/features/collected";
import type { EarlyKeys } from "@/lib/early-keys";
import { foldText } from "@/lib/fold-text";
import { chooseTheme, useTheme } from "@/lib/theme";
import { sectionsFor, tabsToGoTo } from "./navigation";
import { signOut } from "./sign-out";

const MOST_TYPED = 200;

/**
 * ⌘K: go to a section, find what the features find, act. The first row is the chosen one until the arrows choose
 * another, and Enter waits for what was typed to be found: whoever types a name and Enter at once gets that machine.
 */
export function Palette({
  live,
  early,
  onClose,
  onHelp,
}: {
  live: boolean;
  /** What was typed before the palette was there. */
  early: EarlyKeys;
  onClose: () => void;
  onHelp: () => void;
}) {
  const me = useMe();
  const theme = useTheme();
  const features = useFeatures();
  const navigate = useNavigate();
  const searching = useIsFetching({ queryKey: keys.palette }) > 0;
  const [text, setText] = useState(early.text);
  const wanted = text.trim();
  const finders = live ? features.flatMap(({ name, finder }) => (finder ? [{ name, Finder: finder }] : [])) : [];
  const { found, hasFound } = useFound(finders.length, wanted);
  const { list, setList, chosen, setChosen, pointsAt } = useFirstRow(text);
  const [entering, setEntering] = useState(early.enter);
  useEnterWhenFound(entering && found, list, () => setEntering(false));
  useKeysFromOutside(setText);
  const go = (act: () => unknown) => {
    onClose();
    void act();
  };
  const matches = ({ label }: { label: string }) => foldText(label).includes(foldText(wanted));
  const acts: { label: string; icon: LucideIcon; act: () => unknown }[] = [
    {
      label: theme === "dark" ? "Use the light theme" : "Use the dark theme",
      icon: SunMoon,
      act: () => chooseTheme(theme === "dark" ? "light" : "dark"),
    },
    { label: "Use the theme of the system", icon: SunMoon, act: () => chooseTheme("system") },
    { label: "Keyboard shortcuts", icon: CircleHelp, act: onHelp },
    { label: "Sign out", icon: LogOut, act: signOut },
  ];
  return (
    <Command.Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      label="Search and go to"
      shouldFilter={false}
      loop
      value={chosen}
      onValueChange={setChosen}
      onKeyDown={(event) => {
        if (event.key === "ArrowDown" || event.key === "ArrowUp" || event.key === "Home" || event.key === "End")
          pointsAt();
        if (event.key !== "Enter" || found || event.nativeEvent.isComposing) return;
        event.preventDefault(); // not the row that is first by chance: what was typed is still being looked for
        setEntering(true);
      }}
      overlayClassName="fixed inset-0 z-40 bg-canvas/70"
      contentClassName="fixed z-50 top-[10vh] left-1/2 w-[min(600px,calc(100vw-24px))] -translate-x-1/2 overflow-hidden rounded-lg border bg-raised"
    >
      <Command.Input
        value={text}
        onValueChange={(next) => {
          setText(next);
          setEntering(false);
        }}
        maxLength={MOST_TYPED}
        autoFocus
        placeholder={live ? "Search machines, go to a page, act…" : "Go to a page, act…"}
        className="h-12 w-full border-b bg-transparent px-4 text-base outline-none placeholder:text-muted"
      />
      <Command.List
        ref={setList}
        onPointerMove={pointsAt}
        className="max-h-[60vh] overflow-y-auto p-2"
        aria-busy={!found}
      >
        <Command.Empty className="px-3 py-8 text-center text-muted text-sm">
          {searching || !found ? "Searching…" : "Nothing here has that name."}
        </Command.Empty>
        {finders.map(({ name, Finder }) => (
          <Finder key={name} text={wanted} hurry={entering} onGo={go} onFound={(what) => hasFound(name, what)} />
        ))}
        <PaletteGroup heading="Go to">
          {[...sectionsFor(features, me), ...tabsToGoTo(features, me)]
            .filter(matches)
            .map(({ to, label, icon: Icon }) => (
              <PaletteItem key={to} value={to} onSelect={() => go(() => navigate({ to }))}>
                <Icon aria-hidden="true" className="size-4" />
                {label}
              </PaletteItem>
            ))}
        </PaletteGroup>
        <PaletteGroup heading="Act">
          {acts.filter(matches).map(({ label, icon: Icon, act }) => (
            <PaletteItem key={label} value={label} onSelect={() => go(act)}>
              <Icon aria-hidden="true" className="size-4" />
              {label}
            </PaletteItem>
          ))}
        </PaletteGroup>
      </Command.List>
    </Command.Dialog>
  );
}

/** Whether every finder shows what it found for just this text; nothing typed is found at once. */
function useFound(finders: number, wanted: string) {
  const [last, setLast] = useState<ReadonlyMap<string, string>>(new Map());
  const hasFound = useCallback(
    (name: string, what: string) =>
      setLast((before) => (before.get(name) === what ? before : new Map(before).set(name, what))),
    [],
  );
  const found = wanted === "" || [...last.values()].filter((what) => what === wanted).length >= finders;
  return { found, hasFound };
}

/** The chosen row: the first one there is, as rows come and go, until the arrows choose another. */
function useFirstRow(text: string) {
  const [list, setList] = useState<HTMLDivElement | null>(null);
  const moved = useRef(false);
  const [chosen, setChosen] = useState("");
  // biome-ignore lint/correctness/useExhaustiveDependencies: other letters are another list
  useEffect(() => {
    moved.current = false;
    if (list === null) return;
    const first = () => {
      if (!moved.current) setChosen(rowsIn(list)[0]?.getAttribute("data-value") ?? "");
    };
    first();
    const watcher = new MutationObserver(first);
    watcher.observe(list, { childList: true, subtree: true });
    return () => watcher.disconnect();
  }, [text, list]);
  const pointsAt = () => {
    moved.current = true;
  };
  return { list, setList, chosen, setChosen, pointsAt };
}

function rowsIn(list: HTMLElement | null): HTMLElement[] {
  return [...(list?.querySelectorAll<HTMLElement>("[cmdk-item]:not([aria-disabled=true])") ?? [])];
}

/** Carries out an Enter that was pressed before what was typed was found. */
function useEnterWhenFound(due: boolean, list: HTMLElement | null, done: () => void): void {
  const finish = useRef(done);
  useEffect(() => {
    finish.current = done;
  });
  useEffect(() => {
    if (!due) return;
    finish.current();
    rowsIn(list)[0]?.click();
  }, [due, list]);
}

/** Letters typed before the field has the focus are not lost. */
function useKeysFromOutside(setText: (change: (text: string) => string) => void): void {
  useEffect(() => {
    const take = (event: KeyboardEvent) => {
      const inside = event.target instanceof Element && event.target.closest("[cmdk-root]") !== null;
      if (inside || event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1) return;
      event.preventDefault();
      event.stopPropagation();
      setText((text) => text + event.key);
      document.querySelector<HTMLInputElement>("[cmdk-input]")?.focus();
    };
    document.addEventListener("keydown", take, { capture: true });
    return () => document.removeEventListener("keydown", take, { capture: true });
  }, [setText]);
}
