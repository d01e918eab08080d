import { describe, expect, it } from "vitest";
import type { DiskUse, Metrics } from "@/api/contract";
import { fullestDisk, fullness } from "./disks";

const disk = (mount: string, used: number, free: number, access: DiskUse["access"] = "writable"): DiskUse => ({
  mount,
  used,
  free,
  total: 100,
  access,
});
const sample = (...disks: DiskUse[]) => ({ disks }) as unknown as Metrics;

describe("disks", () => {
  it("are as full as they are for an ordinary user", () => {
    expect(fullness(disk("/", 45, 45))).toBe(50);
    expect(fullness(disk("/", 95, 0))).toBe(100);
    expect(fullness({ ...disk("/", 0, 0), total: 0 })).toBeNull();
  });

  it("that nothing can be written to are not the fullest", () => {
    const images = [disk("/snap/x", 100, 0, "read_only"), disk("/data", 100, 0, "became_read_only")];
    expect(fullestDisk(sample(...images, disk("/", 10, 90), disk("/home", 30, 10)))).toEqual({
      disk: disk("/home", 30, 10),
      share: 75,
    });
    expect(fullestDisk(sample(...images))).toBeNull();
    expect(fullestDisk(null)).toBeNull();
  });
});
