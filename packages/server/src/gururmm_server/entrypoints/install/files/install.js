// The copy buttons. Pages over plain http have no clipboard of their own; there the browser copies as by hand, and only
// what really was copied is said to be.
const copied = async (text) => {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  let done = false;
  const take = (event) => {
    event.clipboardData.setData("text/plain", text);
    event.preventDefault();
    done = true;
  };
  document.addEventListener("copy", take);
  document.execCommand("copy");
  document.removeEventListener("copy", take);
  return done;
};
for (const button of document.querySelectorAll("button")) {
  const command = button.previousElementSibling;
  button.hidden = false;
  button.addEventListener("click", async () => {
    getSelection().selectAllChildren(command);
    button.textContent = (await copied(command.textContent)) ? "Copied" : "Selected: press Ctrl+C";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}
