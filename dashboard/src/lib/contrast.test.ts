import { describe, expect, it } from "vitest";
import css from "../styles/tokens.css?raw";

type Colour = [lightness: number, a: number, b: number];

/** The tokens of a theme, as OKLab. */
function tokensOf(selector: string): Map<string, Colour> {
  const block = css.slice(css.indexOf(`${selector} {`)).split("}")[0] ?? "";
  const found = [...block.matchAll(/--([\w-]+): oklch\(([\d. ]+)\)/g)].map(
    ([, name = "", value = ""]): [string, Colour] => {
      const [l = 0, c = 0, h = 0] = value.split(" ").map(Number);
      const turn = (h * Math.PI) / 180;
      return [name, [l, c * Math.cos(turn), c * Math.sin(turn)]];
    },
  );
  return new Map(found);
}

function luminance([lightness, a, b]: Colour): number {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const within = (value: number) => Math.min(1, Math.max(0, value));
  const red = within(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s);
  const green = within(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s);
  const blue = within(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: Colour, other: Colour): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const mixed = (one: Colour, share: number, other: Colour): Colour =>
  one.map((value, index) => share * value + (1 - share) * (other[index] ?? 0)) as Colour;

describe.each([":root", ':root[data-theme="light"]'])("the theme of %s", (selector) => {
  const tokens = tokensOf(selector);
  const at = (name: string) => tokens.get(name) ?? ([0, 0, 0] as Colour);
  const plain = ["canvas", "raised", "overlay"];
  // Rows that are chosen, cells of Sites and notes are tinted.
  const tinted: [string, Colour][] = ["canvas", "raised"].flatMap((ground) =>
    [
      ["accent", 0.1],
      ["accent", 0.15],
      ["bad", 0.1],
      ["warn", 0.08],
      ["ok", 0.08],
    ].map(([tint, share]): [string, Colour] => [
      `${ground} with ${tint}`,
      mixed(at(String(tint)), Number(share), at(ground)),
    ]),
  );
  const grounds = [...plain.map((name): [string, Colour] => [name, at(name)]), ...tinted];

  it.each(["ink", "muted", "accent", "ok", "warn", "bad"])("has %s readable on everything it stands on", (name) => {
    const found = grounds.map(([ground, colour]): [string, number] => [ground, contrast(at(name), colour)]);
    expect(found.filter(([, value]) => value < 4.5)).toEqual([]);
  });

  it("has words readable on filled buttons and banners, and in menus", () => {
    for (const [word, ground] of [
      ["on-accent", "accent"],
      ["on-bad", "bad"],
      ["canvas", "warn"],
      ["ink", "line"],
    ] as const)
      expect(contrast(at(word), at(ground)), `${word} on ${ground}`).toBeGreaterThanOrEqual(4.5);
  });
});
