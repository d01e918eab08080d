import { useIsFetching } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Command } from "cmdk";
import { CircleHelp, LogOut, type LucideIcon, SunMoon } from "lucide-react";
import { useState } from "react";
import { keys } from "@/api/keys";
import { useMe } from "@/api/use-sign-in";
import { PaletteGroup, PaletteItem } from "@/components/palette-items";
import { useFeatures } from "@/features/collected";
import { setTheme, useTheme } from "@/lib/theme";
import { sectionsFor, tabsToGoTo } from "./navigation";
import { signOut } from "./sign-out";

/** ⌘K: go to a section, find what the features find, act. */
export function Palette({ live, onClose, onHelp }: { live: boolean; onClose: () => void; onHelp: () => void }) {
  const me = useMe();
  const theme = useTheme();
  const features = useFeatures();
  const navigate = useNavigate();
  const searching = useIsFetching({ queryKey: keys.palette }) > 0;
  const [text, setText] = useState("");
  const go = (act: () => unknown) => {
    onClose();
    void act();
  };
  const matches = ({ label }: { label: string }) => label.toLowerCase().includes(text.trim().toLowerCase());
  const acts: { label: string; icon: LucideIcon; act: () => unknown }[] = [
    {
      label: theme === "dark" ? "Use the light theme" : "Use the dark theme",
      icon: SunMoon,
      act: () => setTheme(theme === "dark" ? "light" : "dark"),
    },
    { label: "Keyboard shortcuts", icon: CircleHelp, act: onHelp },
    { label: "Sign out", icon: LogOut, act: signOut },
  ];
  const finders = live ? features.flatMap(({ name, finder }) => (finder ? [{ name, Finder: finder }] : [])) : [];
  return (
    <Command.Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      label="Search and go to"
      shouldFilter={false}
      loop
      overlayClassName="fixed inset-0 z-40 bg-canvas/70 animate-appear"
      contentClassName="fixed z-50 top-[10vh] left-1/2 w-[min(600px,calc(100vw-24px))] -translate-x-1/2 overflow-hidden rounded-lg border bg-raised animate-appear"
    >
      <Command.Input
        value={text}
        onValueChange={setText}
        placeholder={live ? "Search machines, go to a page, act…" : "Go to a page, act…"}
        className="h-12 w-full border-b bg-transparent px-4 text-base outline-none placeholder:text-muted"
      />
      <Command.List className="max-h-[60vh] overflow-y-auto p-2">
        <Command.Empty className="px-3 py-8 text-center text-muted text-sm">
          {searching ? "Searching…" : "Nothing here has that name."}
        </Command.Empty>
        {finders.map(({ name, Finder }) => (
          <Finder key={name} text={text.trim()} onGo={go} />
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
