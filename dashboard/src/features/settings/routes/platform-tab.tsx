import { SettingsEditor } from "../components/settings-editor";

/** What holds for every Partner that says nothing else. */
export function PlatformTab() {
  return <SettingsEditor place={{ level: "platform" }} />;
}
