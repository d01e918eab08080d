// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { ConfirmProvider, useConfirm } from "./confirm";

function Asker({ count, onAnswer }: { count: number; onAnswer: (yes: boolean) => void }) {
  const confirm = useConfirm();
  const ask = async () =>
    onAnswer(await confirm({ title: "Delete them?", consequence: "Gone.", act: "Delete", count }));
  return (
    <button type="button" onClick={() => void ask()}>
      ask
    </button>
  );
}

function open(count: number) {
  const onAnswer = vi.fn();
  render(
    <ConfirmProvider>
      <Asker count={count} onAnswer={onAnswer} />
    </ConfirmProvider>,
  );
  fireEvent.click(screen.getByText("ask"));
  return onAnswer;
}

afterEach(cleanup);

it("asks for the number to be typed over ten", async () => {
  const onAnswer = open(1243);
  const act = screen.getByRole("button", { name: "Delete" }) as HTMLButtonElement;
  expect(act.disabled).toBe(true);
  fireEvent.change(screen.getByLabelText("Type 1,243 to confirm"), { target: { value: "1,243" } });
  expect(act.disabled).toBe(false);
  fireEvent.click(act);
  await vi.waitFor(() => expect(onAnswer).toHaveBeenCalledWith(true));
});

it("takes a plain yes up to ten, and a no is a no", async () => {
  const onAnswer = open(10);
  expect((screen.getByRole("button", { name: "Delete" }) as HTMLButtonElement).disabled).toBe(false);
  fireEvent.click(screen.getByRole("button", { name: "Keep" }));
  await vi.waitFor(() => expect(onAnswer).toHaveBeenCalledWith(false));
});
