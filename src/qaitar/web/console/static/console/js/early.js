// Keys pressed while the page is still being put together are kept for keyboard.js, which gives the harmless ones back.
(() => {
  const early = { keys: [], hear: (event) => early.keys.push(event) };
  globalThis.qaitarEarly = early;
  document.addEventListener("keydown", early.hear);
})();
