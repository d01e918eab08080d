/** Every feature there is. A new one appears here, and nowhere else. */
import { feature as audit } from "@/features/audit/feature";
import { feature as auth } from "@/features/auth/feature";
import { feature as commands } from "@/features/commands/feature";
import { feature as fleet } from "@/features/fleet/feature";
import { feature as machine } from "@/features/machine/feature";
import { feature as missionControl } from "@/features/mission-control/feature";
import { feature as platform } from "@/features/platform/feature";
import { feature as sessions } from "@/features/sessions/feature";
import { feature as settings } from "@/features/settings/feature";
import { feature as sites } from "@/features/sites/feature";
import { feature as tags } from "@/features/tags/feature";
import { feature as terminal } from "@/features/terminal/feature";

export const FEATURES = [
  auth,
  missionControl,
  fleet,
  machine,
  terminal,
  commands,
  tags,
  sessions,
  sites,
  settings,
  audit,
  platform,
] as const;
