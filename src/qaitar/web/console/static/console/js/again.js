// The page without a network looks again by itself when there is one.
addEventListener("online", () => location.reload());
document.querySelector("[data-again]").addEventListener("click", (event) => {
  event.preventDefault();
  location.reload();
});
