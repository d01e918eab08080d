import { describe, expect, it } from "vitest";
import { visibleBlock, visibleLine } from "./visible-text";

describe("visible text", () => {
  it("shows what would act on a screen or turn the reading", () => {
    expect(visibleLine("a\u001b[31mb\r\n\u007f\u202egnp.exe\u200b")).toBe(
      "a⟨ESC⟩[31mb⟨CR⟩⟨LF⟩⟨DEL⟩⟨202E⟩gnp.exe⟨200B⟩",
    );
    expect(visibleLine("ls\u240d\u241b[A")).toBe("ls⟨CR⟩⟨ESC⟩[A");
  });

  it("leaves words of every script alone", () => {
    expect(visibleLine("مضيف Größe 機械 ✓")).toBe("مضيف Größe 機械 ✓");
  });

  it("keeps lines and tabs of output", () => {
    expect(visibleBlock("a\tb\r\nc\rd\u0000")).toBe("a\tb\nc⟨CR⟩d⟨NUL⟩");
  });
});
