import { describe, expect, it } from "vitest";
import { Running } from "./running";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("Running", () => {
  it("runs from Enter until the prompt is back, whatever the folder", () => {
    const shell = new Running(false);
    expect(shell.runs).toBe(false);
    shell.typed(bytes("s"), "tess@web-1:~$ ");
    shell.typed(bytes("leep 9"), "tess@web-1:~$ s");
    expect(shell.runs).toBe(false);
    shell.typed(bytes("\r"), "tess@web-1:~$ sleep 9");
    shell.drawn("");
    expect(shell.runs).toBe(true);
    shell.drawn("tess@web-1:/etc$ ");
    expect(shell.runs).toBe(false);
  });

  it("takes another program's prompt for what it is", () => {
    const shell = new Running(false);
    shell.typed(bytes("python3\r"), "# ");
    shell.drawn(">>> ");
    expect(shell.runs).toBe(true);
    shell.typed(bytes("exit()\r"), ">>> ");
    shell.drawn("# ");
    expect(shell.runs).toBe(false);
  });

  it("knows a shell that was left by how its prompt looks", () => {
    const idle = new Running(true);
    idle.drawn("root@web-1:~# ");
    expect(idle.runs).toBe(false);
    const busy = new Running(true);
    busy.drawn("");
    busy.drawn("64 bytes from 10.0.0.1: time=0.4 ms");
    busy.drawn("");
    expect(busy.runs).toBe(true);
  });

  it("learns no prompt from a line that was begun before the prompt was back", () => {
    const shell = new Running(true);
    shell.typed(bytes("\x03"), "");
    shell.typed(bytes("e"), "");
    shell.drawn("root@web-1:~# ");
    shell.typed(bytes("c"), "root@web-1:~# e");
    shell.typed(bytes("ho\r"), "root@web-1:~# ec");
    shell.drawn("root@web-1:~# ");
    expect(shell.runs).toBe(false);
    shell.typed(bytes("sleep 9\r"), "root@web-1:~# ");
    shell.drawn("");
    expect(shell.runs).toBe(true);
  });

  it("learns no prompt from what Ctrl-C leaves behind", () => {
    const shell = new Running(true);
    shell.drawn("root@web-1:~# "); // a screen that is drawn again piece by piece
    shell.drawn("");
    shell.typed(bytes("\x03"), "");
    shell.drawn("^C");
    shell.typed(bytes("e"), "^C");
    shell.drawn("root@web-1:~# ");
    shell.typed(bytes("cho\r"), "root@web-1:~# e");
    shell.drawn("root@web-1:~# ");
    expect(shell.runs).toBe(false);
  });

  it("is not fooled by an empty line", () => {
    const shell = new Running(false);
    shell.typed(bytes("\r"), "$ ");
    shell.drawn("$ ");
    expect(shell.runs).toBe(false);
  });
});
