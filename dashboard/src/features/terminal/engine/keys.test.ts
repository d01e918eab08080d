import { describe, expect, it } from "vitest";
import { actOf, type KeyContext, typedBy, withCtrl } from "./keys";

const key = (text: string) => {
  const parts = text.split("+");
  return {
    key: parts.at(-1) ?? "",
    ctrlKey: parts.includes("Ctrl"),
    shiftKey: parts.includes("Shift"),
    altKey: parts.includes("Alt"),
    metaKey: parts.includes("Cmd"),
  };
};
const here: KeyContext = { apple: false, selected: false, fullScreen: false };

describe("actOf", () => {
  it.each([
    ["Ctrl+c", here, "shell"],
    ["Ctrl+c", { ...here, selected: true }, "copy"],
    ["Ctrl+Insert", { ...here, selected: true }, "copy"],
    ["Ctrl+Shift+C", here, "copy"],
    ["Ctrl+v", here, "native"],
    ["Ctrl+v", { ...here, fullScreen: true }, "shell"],
    ["Ctrl+Shift+V", { ...here, fullScreen: true }, "native"],
    ["Ctrl+Shift+F", here, "find"],
    ["Ctrl+f", here, "shell"],
    ["Ctrl+Alt+c", { ...here, selected: true }, "shell"],
    ["Shift+Escape", here, "leave"],
    ["Escape", here, "shell"],
    ["c", { ...here, selected: true }, "shell"],
    ["Ctrl+c", { ...here, apple: true, selected: true }, "shell"],
    ["Ctrl+v", { ...here, apple: true }, "shell"],
    ["Cmd+f", { ...here, apple: true }, "find"],
    ["Shift+Escape", { ...here, apple: true }, "leave"],
  ] as const)("%s with %o is for: %s", (text, context, act) => {
    expect(actOf(key(text), context)).toBe(act);
  });
});

describe("the key row", () => {
  it("types what the keys type, arrows as the program wants them", () => {
    expect(typedBy("Esc", false)).toBe("\x1b");
    expect(typedBy("Tab", true)).toBe("\t");
    expect(typedBy("↑", false)).toBe("\x1b[A");
    expect(typedBy("←", true)).toBe("\x1bOD");
  });

  it("holds Ctrl for one character", () => {
    expect(withCtrl("c")).toBe("\x03");
    expect(withCtrl("Z")).toBe("\x1a");
    expect(withCtrl("[")).toBe("\x1b");
    expect(withCtrl(" ")).toBe("\0");
    expect(withCtrl("é")).toBe("é");
    expect(withCtrl("\x1b[A")).toBe("\x1b[A");
  });
});
