import type { DiskUse, Metrics } from "@/api/contract";

/** How full a disk is for an ordinary user, as `df` reckons: what the system keeps for itself is neither used nor free. */
export function fullness(disk: Pick<DiskUse, "used" | "total" | "free">): number | null {
  if (disk.total === 0) return null;
  const room = disk.used + disk.free;
  return room > 0 ? (100 * disk.used) / room : 100;
}

/** The disk that fills up first; an image or a disk that is read-only is as full as it was made. */
export function fullestDisk(sample: Metrics | null | undefined): { disk: DiskUse; share: number } | null {
  let fullest: { disk: DiskUse; share: number } | null = null;
  for (const disk of sample?.disks ?? []) {
    const share = fullness(disk);
    if (share === null || disk.access === "read_only" || disk.access === "became_read_only") continue;
    if (fullest === null || share > fullest.share) fullest = { disk, share };
  }
  return fullest;
}
