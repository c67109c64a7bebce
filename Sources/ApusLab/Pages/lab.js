"use strict";
// Language: that of the address (?language=ko), else what was chosen before, else that of the page.
const root = document.documentElement;
function setLanguage(language) {
  root.lang = language;
  for (const button of document.querySelectorAll(".language button"))
    button.setAttribute("aria-pressed", String(button.value === language));
  try { localStorage.setItem("apus-language", language); } catch { /* A page from a file may have no storage. */ }
}
function firstLanguage() {
  const asked = new URLSearchParams(location.search).get("language");
  let kept = null;
  try { kept = localStorage.getItem("apus-language"); } catch { /* see above */ }
  return [asked, kept, root.lang].find(x => x === "en" || x === "ko");
}
for (const button of document.querySelectorAll(".language button"))
  button.addEventListener("click", () => setLanguage(button.value));
setLanguage(firstLanguage());

// Pictures with controls: the controls of both languages move together.
for (const figure of document.querySelectorAll("figure[data-sizes]")) {
  const sizes = figure.dataset.sizes.split(",").map(Number);
  const chosen = figure.dataset.first.split(",").map(Number);
  const show = () => {
    const place = chosen.reduce((sum, index, control) => sum * sizes[control] + index, 0);
    for (const frame of figure.querySelectorAll(".frame")) frame.hidden = Number(frame.dataset.place) !== place;
    for (const button of figure.querySelectorAll(".choice button"))
      button.setAttribute("aria-pressed", String(chosen[button.dataset.control] === Number(button.value)));
    for (const input of figure.querySelectorAll("input[type=range]")) {
      const index = chosen[input.dataset.control];
      input.value = String(index);
      const text = input.dataset.options.split("|")[index];
      input.setAttribute("aria-valuetext", text);
      input.nextElementSibling.textContent = text;
    }
  };
  for (const button of figure.querySelectorAll(".choice button"))
    button.addEventListener("click", () => { chosen[button.dataset.control] = Number(button.value); show(); });
  for (const input of figure.querySelectorAll("input[type=range]"))
    input.addEventListener("input", () => { chosen[input.dataset.control] = Number(input.value); show(); });
  show();
}

// Values under the pointer or the finger: what a picture says as titles.
const hint = document.createElement("div");
hint.className = "hint";
hint.hidden = true;
document.body.append(hint);
for (const title of document.querySelectorAll("svg title")) {
  title.parentElement.dataset.hint = title.textContent;
  title.remove();
}
function showHint(event) {
  const target = event.target.closest?.("[data-hint]");
  hint.hidden = !target;
  if (!target) return;
  hint.textContent = target.dataset.hint;
  const box = hint.getBoundingClientRect();
  hint.style.left = `${Math.max(4, Math.min(event.clientX + 12, innerWidth - box.width - 4))}px`;
  hint.style.top = `${event.clientY > box.height + 16 ? event.clientY - box.height - 10 : event.clientY + 18}px`;
}
document.addEventListener("pointermove", showHint);
document.addEventListener("pointerdown", showHint);
addEventListener("scroll", () => { hint.hidden = true; }, { passive: true });
