// Ctrl+Z and Ctrl+Y, except in a field, which has its own.

export function undoKeys(edits, changed, signal) {
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.target.closest?.("input, textarea, select")) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) edits.redo(); else edits.undo();
    changed();
  }, { signal });
}
