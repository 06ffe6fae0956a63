"use strict";
(() => {
  const ARMED_AFTER_MS = 800;
  const POLL_MS = 1500;
  const LOST_AFTER_FAILURES = 3;
  const page = document.body;
  if (page.dataset.state !== "waiting") return;

  const form = document.querySelector("form");
  const buttons = [...form.querySelectorAll("button")];
  const clock = document.getElementById("left");
  const spoken = document.getElementById("spoken");
  let arming;
  let armed = false;
  let sent = false;
  let failures = 0;
  let spokenMinutes;
  let endsAt = performance.now() + Number(page.dataset.secondsLeft) * 1000;

  const show = (ready) => {
    armed = ready;
    page.classList.toggle("arming", !ready);
    for (const button of buttons) button.setAttribute("aria-disabled", String(!ready));
  };

  // A page that has only just come to the front may be clicked by somebody who meant something else.
  const arm = () => {
    if (sent) return;
    clearTimeout(arming);
    show(false);
    arming = setTimeout(() => show(true), ARMED_AFTER_MS);
  };

  const lose = () => {
    sent = true;
    clearTimeout(arming);
    show(false);
    page.classList.add("lost");
    spoken.classList.remove("unseen");
    clock.parentElement.replaceChildren(spoken);
    spoken.textContent = "This page has lost its server: nothing can be answered here any more.";
  };

  const poll = async () => {
    if (sent) return;
    try {
      const response = await fetch("state", { cache: "no-store" });
      if (!response.ok) throw new Error(String(response.status));
      const now = await response.json();
      failures = 0;
      endsAt = performance.now() + now.secondsLeft * 1000;
      if (now.state !== "waiting" || String(now.version) !== page.dataset.version) location.reload();
    } catch {
      failures += 1;
      if (failures >= LOST_AFTER_FAILURES && !sent) lose();
    }
  };

  const count = () => {
    if (sent) return;
    const left = Math.max(0, Math.ceil((endsAt - performance.now()) / 1000));
    clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    page.classList.toggle("hurry", left <= 60);
    const minutes = Math.ceil(left / 60);
    if (minutes === spokenMinutes) return;
    spokenMinutes = minutes;
    spoken.textContent = minutes === 1 ? "Less than a minute left to answer" : `${minutes} minutes left to answer`;
  };

  form.addEventListener("submit", (event) => {
    if (!armed || sent) {
      event.preventDefault();
      return;
    }
    sent = true;
    page.classList.add("sent");
  });
  addEventListener("focus", arm);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    arm();
    poll();
  });

  history.scrollRestoration = "manual";
  arm();
  count();
  setInterval(count, 1000);
  setInterval(poll, POLL_MS);
})();
