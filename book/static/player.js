// Plays recordings of live pictures with the front end of the notebooks: `live` is classroom/live/live.js.
// A recording has the snapshots that the view was given; book/recording.py says how they are kept.
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function merged(before, change) {
  if (isObject(change) && isObject(before)) {
    const news = Object.entries(change).map(([key, value]) => [key, merged(before[key], value)]);
    return { ...before, ...Object.fromEntries(news) };
  }
  if (isObject(change) && Array.isArray(before)) return before.map((old, at) => (at in change ? merged(old, change[at]) : old));
  return change;
}

class Model { // what anywidget gives a view, without a kernel
  constructor(snapshot) { [this.snapshot, this.heard] = [snapshot, new Set()]; }
  get(name) { return this[name]; }
  on(_, hear) { this.heard.add(hear); }
  off(_, hear) { this.heard.delete(hear); }
  send() {}
  save_changes() {}
  show(snapshot) { this.snapshot = snapshot; for (const hear of this.heard) hear(); }
}

const clock = (ms) => `${Math.floor(ms / 60000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, "0")}`;

class Player {
  constructor(root, { frames, day }) {
    [this.times, this.states] = [frames.map(([at]) => at), []];
    for (const [, change] of frames) this.states.push(merged(this.states.at(-1), change));
    [this.end, this.ms, this.at, this.playing] = [this.times.at(-1), 0, 0, false];
    root.insertAdjacentHTML("beforeend", `<div class="player" role="group" aria-label="Recording of a live picture">
      <p><b>Recorded in a real run on ${day}.</b> What was pressed then is told above the boxes. The buttons and
      sliders need a kernel: they are in the running notebook, not here.</p>
      <div class="player-bar"><button type="button"></button><input type="range" min="0" max="${this.end}" step="any"
      aria-label="Position in the recording"><output></output></div><div class="player-picture"></div></div>`);
    [this.button, this.slider, this.output, this.picture] =
      ["button", "input", "output", ".player-picture"].map((at) => root.querySelector(at));
    this.button.addEventListener("click", () => (this.playing ? this.pause() : this.play()));
    this.slider.addEventListener("input", () => this.seek(Number(this.slider.value)));
    this.frame = this.frame.bind(this);
    this.seek(0);
  }
  play() {
    if (this.ms >= this.end) this.seek(0);
    [this.playing, this.last] = [true, performance.now()];
    this.tell();
    requestAnimationFrame(this.frame);
  }
  pause() { this.playing = false; this.tell(); }
  frame(now) {
    if (!this.playing) return;
    this.ms = Math.min(this.end, this.ms + Math.min(Math.max(now - this.last, 0), 250)); // a hidden page stands still
    this.last = now;
    while (this.times[this.at + 1] <= this.ms) this.model.show(this.states[++this.at]); // none is left out: each has news
    if (this.ms >= this.end) return this.pause();
    this.tell();
    requestAnimationFrame(this.frame);
  }
  seek(ms) { // the front end remembers events: it begins anew, with all that came until then, at rest
    [this.ms, this.at] = [ms, this.times.findLastIndex((at) => at <= ms)];
    this.stop?.();
    this.picture.replaceChildren();
    this.model = new Model(this.past());
    this.stop = live.render({ model: this.model, el: this.picture });
    this.tell();
  }
  past() {
    const now = this.states[this.at];
    const quiet = Object.entries(now.designs).map(([name, design]) => [name, { ...design, in: [], out: [] }]);
    const news = () => this.states.slice(0, this.at + 1).flatMap((state) => state.topic.new);
    return { ...now, designs: Object.fromEntries(quiet), topic: now.topic && { ...now.topic, new: news() } };
  }
  tell() { // a screen reader is not told each snapshot; the front end may have drawn its parts anew
    for (const said of this.picture.querySelectorAll("[role=status]")) said.setAttribute("aria-live", "off");
    const label = this.playing ? "❚❚ Pause" : this.ms >= this.end ? "↺ Play again" : "▶ Play";
    if (this.button.textContent !== label) this.button.textContent = label;
    this.slider.value = this.ms;
    const time = `${clock(this.ms)} of ${clock(this.end)}`;
    if (this.output.textContent !== time) {
      this.output.textContent = time;
      this.slider.setAttribute("aria-valuetext", time);
    }
  }
}

// --- the page: recordings, the theme that outputs ask for, and what can be scrolled only by a pointer

const still = window.matchMedia("(prefers-reduced-motion: reduce)");
const night = window.matchMedia("(prefers-color-scheme: dark)");

function theme() { // JupyterLab's word for it, by which live.css and the outputs choose
  const dark = document.body.dataset.theme === "dark" || (document.body.dataset.theme !== "light" && night.matches);
  if (document.body.dataset.jpThemeLight !== String(!dark)) document.body.dataset.jpThemeLight = String(!dark);
}

function begin() {
  theme();
  night.addEventListener("change", theme);
  new MutationObserver(theme).observe(document.body, { attributeFilter: ["data-theme"] });
  for (const root of document.querySelectorAll(".recording")) {
    const player = new Player(root, recordings[root.dataset.recording]);
    root.classList.add("plays");
    const seen = new IntersectionObserver(([entry]) => { // it begins by itself, once, when it is seen
      if (!entry.isIntersecting) return;
      seen.disconnect();
      if (!still.matches) player.play();
    }, { threshold: 0.6 });
    seen.observe(player.picture);
  }
  for (const caption of document.querySelectorAll(".caption[role=heading]")) caption.ariaLevel = "2"; // Furo says none
  for (const block of document.querySelectorAll("pre, .cell_output > .output, .table-wrapper")) {
    if (block.scrollWidth > block.clientWidth) block.tabIndex = 0;
  }
}

if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin);
else begin();
