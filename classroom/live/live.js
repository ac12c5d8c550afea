// Draws what the kernel says in `snapshot`, about ten times a second, and moves the dots in between.
// It knows no Kafka and no bill: every number comes from the snapshot. What is pressed goes back as a message.
const COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7"]; // Okabe-Ito, in the order of ACTOR_LOOKS
const KINDS = ["customer", "installer", "reseller", "landlord"];
const WHERE = { customer: "Customer app", installer: "Installer tablet" };
const MARKS = ["▲", "◆", "✚", "✖"]; // of the groups, in their order
const FLIGHT_MS = 450, MOST_DOTS = 160, CELL = 15;

const shape = (kind, r = 6) =>
  [`<circle r="${r}"/>`, `<rect x="${-r}" y="${-r}" width="${2 * r}" height="${2 * r}"/>`,
   `<path d="M0 ${-r * 1.3}L${r * 1.3} 0 0 ${r * 1.3} ${-r * 1.3} 0z"/>`,
   `<path d="M0 ${-r * 1.2}L${r * 1.2} ${r} ${-r * 1.2} ${r}z"/>`][kind] ?? `<circle r="${r / 2}"/>`;
const mark = (kind) =>
  `<svg class="fl-mark" width="16" height="16" viewBox="-8 -8 16 16" fill="${COLOURS[kind] ?? "#999"}"
    stroke="currentColor" aria-hidden="true">${shape(kind)}</svg>`;
const text = (value) => String(value).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const count = (value) => Number(value ?? 0).toLocaleString("en-US");
const plural = (n, noun) => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;
const set = (element, html) => { if (element && element._html !== html) element.innerHTML = element._html = html; };

function page(first) {
  const actors = Object.keys(first.actors);
  const column = (where) => `<div class="fl-col fl-row">${actors.map((actor) => `<div class="fl-box"
    data-at="${where}-${actor}">${mark(KINDS.indexOf(actor))}${text(WHERE[actor] ?? actor)}
    <b data-sent="${actor}"></b></div>`).join("")}</div>`;
  const topic = first.topic && `<h4>Event-driven: the gateway says what happened, and answers
    <small>· each service reads at its own pace</small></h4>
    <div class="fl-stage fl-events">${column("e")}
    <div class="fl-box" data-at="gateway">Gateway<b data-n="gateway"></b></div>
    <div class="fl-col" data-at="topic"><div data-n="legend"></div>${first.topic.ends.map((_, p) => `<div class="fl-lane"
      data-at="lane-${p}"><span>P${p}</span><svg data-at="strip-${p}"></svg><output></output></div>`).join("")}</div>
    <div class="fl-col" data-n="groups"></div>
    <div class="fl-box" data-at="e-bills">Bills<b data-n="e-bills"></b></div></div>`;
  const coupled = first.designs.coupled && `<h4>Coupled: the app waits inside until its bill is made</h4>
    <div class="fl-stage fl-coupled">${column("c")}
    <div class="fl-box" data-at="backend">Backend: prices, bills, then answers<b data-n="backend"></b>
      <span class="fl-inside" data-n="inside"></span></div>
    <div class="fl-box" data-at="c-bills">Bills<b data-n="c-bills"></b></div></div>`;
  const slider = (name, label, min, max, step) => `<label>${label} <input type="range" min="${min}"
    max="${max}" step="${step}" data-slide="${name}" aria-label="${label}"><output></output></label>`;
  return `<div class="fl-bar" role="toolbar" aria-label="Traffic">
    <button data-do="start">▶ Start</button><button data-do="pause">❚❚ Pause</button>
    <button data-do="reset">↺ Reset</button>
    ${slider("rate", "Actions a second", 1, 200, 1)}${slider("share", "Installers", 0, 100, 5)}
    ${slider("slow", "Slow billing", 0, 1000, 50)}
    ${actors.map((actor) => `<button data-do="send" data-actor="${actor}">${mark(KINDS.indexOf(actor))}Send one:
      ${text(actor)} buys</button>`).join("")}${first.topic ? `<button data-do="listen">+ Add a listener:
      ${text(first.topic.guest.name)}</button>` : ""}<button data-do="close">✕ Close</button></div>
    <div class="fl-said" role="status"></div><ol class="fl-follow" aria-label="The action sent by hand"></ol>
    <div role="img" data-n="picture"></div>${topic || ""}${coupled || ""}
    <h4>Billed beside the oracle</h4><div data-n="outcomes"></div>
    <svg class="fl-dots" aria-hidden="true"></svg>`;
}

const fitting = (width) => Math.max(4, Math.floor(width / CELL) - 1); // events that a lane has room for

// --- what stands still between two snapshots

function lane(element, events, end, groups, p) {
  const svg = element.querySelector("svg"), width = svg.clientWidth || 300;
  const first = Math.max(0, end - fitting(width));
  let html = `<path d="M0 12H${width}" stroke="var(--line)"/>`;
  for (let offset = first; offset < end; offset++) {
    const event = events.get(`${p}/${offset}`), x = (offset - first + 0.5) * CELL;
    const ring = event?.followed ? `<circle r="10" fill="none" stroke="var(--ink)" stroke-width="2"/>` : "";
    html += `<g transform="translate(${x} 12)" fill="${COLOURS[event?.kind] ?? "#999"}"
      stroke="var(--ink)" stroke-width=".7">${shape(event?.kind ?? -1, 5)}${ring}</g>`;
  }
  const cursors = new Map(); // the marks of the groups that read next at this place
  groups.forEach((group, g) => {
    const at = group.cursors[p] ?? 0, x = at < first ? 0 : (at - first) * CELL;
    cursors.set(x, (cursors.get(x) ?? (at < first ? "←" : "")) + MARKS[g % 4]);
  });
  let free = 0; // marks of neighbours stand beside each other
  for (const [x, marks] of [...cursors].sort(([a], [b]) => a - b)) {
    const half = marks.length * 5.5, center = clamp(Math.max(x, free + half), half, width - half);
    free = center + half;
    html += `<path d="M${x} 2V24" stroke="var(--ink)" stroke-width="1.5"/><text y="35" font-size="11"
      x="${center}" text-anchor="middle" fill="var(--ink)">${marks}</text>`;
  }
  set(svg, html);
  set(element.querySelector("output"), count(end));
}

function groupCards(root, groups) {
  const box = root.querySelector("[data-n=groups]"), names = String(groups.map((group) => group.name));
  if (box.dataset.names !== names) {
    box.dataset.names = names;
    box.innerHTML = groups.map((group) => `<div class="fl-box" data-at="group-${text(group.name)}"><div></div>
      <button data-do="service" data-name="${text(group.name)}"></button></div>`).join("");
  }
  groups.forEach((group, g) => {
    const card = box.children[g], running = group.running;
    const behind = group.lag.reduce((sum, lag) => sum + lag, 0);
    card.classList.toggle("fl-off", !running);
    set(card.firstChild, `<b>${MARKS[g % 4]} ${text(group.name)}</b>
      <span class="fl-state">${running ? "" : "■ "}${text(group.status)}</span>,
      <span class="${behind > 20 ? "fl-wrong" : ""}">lag ${count(behind)}</span>
      <div class="fl-lags" title="lag by partition">${group.lag.map((lag, p) =>
        `<div class="${lag > 5 ? "fl-late" : ""}">P${p}<br>${count(lag)}</div>`).join("")}</div>
      ${group.found ? `<div>${text(group.found)}</div>` : ""}`);
    set(card.lastChild, running ? "Stop" : "Start");
    card.lastChild.setAttribute("aria-label", `${running ? "Stop" : "Start"} ${group.name}`);
  });
}

function outcomeTable(outcomes) {
  const designs = [...new Set(outcomes.map((o) => o.design))];
  const actors = [...new Set(outcomes.map((o) => o.actor))];
  const most = Math.max(1, ...outcomes.map((o) => Math.max(o.due_cents, o.billed_cents)));
  const dollars = (cents) => (cents / 100).toLocaleString("en-US", { style: "currency", currency: "USD" });
  const cell = (o) => {
    const verdict = o.wrong ? `<span class="fl-wrong">✗ ${count(o.wrong)} of ${plural(o.wrong + o.right, "bill")}
      wrong: ${dollars(Math.abs(o.wrong_cents))} too ${o.wrong_cents > 0 ? "much" : "little"}</span>`
      : `<span class="fl-right">✓ ${o.right ? `all ${plural(o.right, "bill")} right` : "no bill yet"}</span>`;
    const late = o.not_billed ? `<br>… ${plural(o.not_billed, "sale")} not billed yet` : "";
    const colour = COLOURS[KINDS.indexOf(o.actor)] ?? "#999";
    return `<td>${dollars(o.billed_cents)} billed of ${dollars(o.due_cents)} due<div class="fl-meter"
      style="width:${Math.max(2, 100 * o.due_cents / most)}%"><i style="background:${colour};
      width:${Math.min(100, 100 * o.billed_cents / Math.max(1, o.due_cents))}%"></i></div>${verdict}${late}</td>`;
  };
  return `<table><thead><tr><th scope="col" class="fl-first">Design</th>${actors.map((actor) =>
    `<th scope="col">${mark(KINDS.indexOf(actor))}${text(actor)}s</th>`).join("")}</tr></thead><tbody>
    ${designs.map((design) => `<tr><th scope="row">${text(design)}</th>${outcomes.filter((o) =>
      o.design === design).map(cell).join("")}</tr>`).join("")}</tbody></table>`;
}

// --- what moves: a dot flies from box to box, from edge to edge, and is not seen inside them

const middle = ([left, top, right, bottom]) => [(left + right) / 2, (top + bottom) / 2];
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const edge = ([left, top, right, bottom], [x, y]) => [clamp(x, left, right), clamp(y, top, bottom)];
const leg = (from, to) => [edge(from, middle(to)), edge(to, middle(from))];

class Dots {
  constructor(root) {
    [this.root, this.svg, this.dots, this.places] = [root, root.querySelector(".fl-dots"), new Set(), new Map()];
    this.frame = this.frame.bind(this);
  }
  place(name) { // [left, top, right, bottom], looked up once per layout
    if (!this.places.has(name)) {
      const box = this.root.querySelector(`[data-at="${name}"]`)?.getBoundingClientRect();
      const { left, top } = this.root.getBoundingClientRect();
      this.places.set(name, box && [box.left - left, box.top - top, box.right - left, box.bottom - top]);
    }
    return this.places.get(name);
  }
  arrows(pairs) { // thin lines where dots will fly
    this.svg.querySelector("path.fl-ways")?.remove();
    if (this.root.clientWidth < 760) return; // the boxes stand below each other: lines would cross them
    const legs = pairs.map((pair) => pair.map((name) => this.place(name))).filter((pair) => pair.every(Boolean));
    const d = legs.map(([from, to]) => { const [a, b] = leg(from, to); return `M${a}L${b}`; }).join("");
    this.svg.insertAdjacentHTML("afterbegin", `<path class="fl-ways" d="${d}" stroke="var(--line)"/>`);
  }
  fly(kind, path, hollow = false, wait = 0) {
    const places = path.map((at) => (typeof at === "string" ? this.place(at) : at));
    if (this.dots.size >= MOST_DOTS || document.hidden || places.some((place) => !place)) return;
    const g = document.createElementNS("http://www.w3.org/2000/svg", "g"), colour = COLOURS[kind] ?? "#999";
    g.innerHTML = shape(kind, hollow ? 4 : 6);
    g.setAttribute("fill", hollow ? "var(--paper)" : colour);
    g.setAttribute("stroke", hollow ? colour : "var(--ink)");
    g.setAttribute("stroke-width", hollow ? 2.5 : 1);
    g.setAttribute("visibility", "hidden");
    this.svg.append(g);
    const legs = places.slice(1).map((place, i) => leg(places[i], place));
    this.dots.add({ g, legs, began: performance.now() + wait });
    if (this.dots.size === 1) requestAnimationFrame(this.frame);
  }
  frame(now) {
    for (const dot of this.dots) {
      const along = (now - dot.began) / FLIGHT_MS;
      if (along < 0) continue;
      if (along >= dot.legs.length) { dot.g.remove(); this.dots.delete(dot); continue; }
      const [from, to] = dot.legs[Math.floor(along)], part = along % 1;
      const at = (i) => (from[i] + (to[i] - from[i]) * part).toFixed(1);
      dot.g.setAttribute("visibility", "visible");
      dot.g.setAttribute("transform", `translate(${at(0)} ${at(1)})`);
    }
    if (this.dots.size) requestAnimationFrame(this.frame);
  }
  clear() { for (const dot of this.dots) dot.g.remove(); this.dots.clear(); }
}

const who = (now) => String(now?.topic?.groups.map((group) => group.name)); // the boxes' places hang on them
const spread = (list) => list.map((item, i) => [item, (i * 100) / Math.max(1, list.length)]);

function ways(now) {
  const actors = Object.keys(now.actors), groups = now.topic?.groups ?? [];
  return [...actors.flatMap((actor) => [[`e-${actor}`, "gateway"], [`c-${actor}`, "backend"]]),
    ...(now.topic?.ends ?? []).map((_, p) => ["gateway", `lane-${p}`]), ["backend", "c-bills"],
    ...groups.map((group) => ["topic", `group-${group.name}`]),
    ...groups.filter((group) => group.bills).map((group) => [`group-${group.name}`, "e-bills"])];
}

function flights(dots, now, before, events) {
  const coupled = now.designs.coupled;
  for (const [[p, , kind], wait] of spread(now.topic?.new ?? [])) {
    dots.fly(kind, [`e-${KINDS[kind]}`, "gateway", laneAt(dots, now.topic, p, now.topic.ends[p])], false, wait);
  }
  now.topic?.groups.forEach((group, g) => group.cursors.forEach((cursor, p) => {
    const read = before?.topic?.groups[g]?.cursors[p] ?? cursor;
    for (let offset = Math.max(read, cursor - 3); offset < cursor; offset++) {
      const event = events.get(`${p}/${offset}`);
      if (event) dots.fly(event.kind, [laneAt(dots, now.topic, p, offset), `group-${group.name}`]);
    }
  }));
  for (const [[, kind], wait] of spread(coupled?.in ?? [])) dots.fly(kind, [`c-${KINDS[kind]}`, "backend"], false, wait);
  for (const [[, kind], wait] of spread(coupled?.out ?? [])) {
    dots.fly(kind, ["backend", `c-${KINDS[kind]}`], true, wait + FLIGHT_MS);
  }
  now.outcomes.forEach((outcome, i) => billsMade(dots, outcome, before?.outcomes[i], now.topic?.groups ?? []));
}

function billsMade(dots, now, before, groups) {
  const made = Math.min(6, now.right + now.wrong - ((before?.right ?? 0) + (before?.wrong ?? 0)));
  const by = groups.find((group) => group.name.startsWith(now.actor));
  const path = now.design === "coupled" ? ["backend", "c-bills"] : [`group-${by?.name}`, "e-bills"];
  for (let i = 0; i < made; i++) dots.fly(KINDS.indexOf(now.actor), path, false, i * 40 + FLIGHT_MS);
}

function laneAt(dots, topic, p, offset) { // where this offset lies in its lane, as a place without size
  const box = dots.place(`strip-${p}`);
  if (!box) return null;
  const first = Math.max(0, topic.ends[p] - fitting(box[2] - box[0]));
  const x = box[0] + Math.max(0, offset - first) * CELL, y = box[1] + 12;
  return [x, y, x, y];
}

// --- the widget

function render({ model, el }) {
  const root = document.createElement("div"), events = new Map();
  root.className = "fl-live";
  root.dataset.lmSuppressShortcuts = "true"; // or JupyterLab would take the arrow keys from the sliders
  root.addEventListener("keydown", (event) => event.stopPropagation()); // and Notebook the letters
  el.append(root);
  let before = null, dots = null, drawn = null, sliding = null;
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  const dark = () => {
    const [r, g, b] = (getComputedStyle(root).backgroundColor.match(/[\d.]+/g) ?? [255, 255, 255]).map(Number);
    root.classList.toggle("fl-dark", 0.3 * r + 0.6 * g + 0.1 * b < 128);
  };
  const watched = new ResizeObserver(() => { dark(); lay(); });
  const themed = new MutationObserver(dark);
  const lay = () => {
    dots?.clear();
    dots?.places.clear();
    if (before) dots?.arrows(ways(before));
    if (before?.topic) drawTopic(before); // nothing else would while the traffic is paused
  };
  themed.observe(document.body, { attributes: true });
  watched.observe(root);

  function draw() {
    const now = model.get("snapshot");
    if (now?.still) return stand(now);
    if (!now?.controls) return;
    const parts = `${Object.keys(now.actors)} ${now.topic?.ends.length}`; // a page has a place for each of them
    if (parts !== drawn) {
      [root.innerHTML, drawn] = [page(now), parts];
      dots = new Dots(root);
      dark();
    }
    if (now.controls.sent < (before?.controls.sent ?? 0)) dots.clear();
    settings(now);
    if (now.topic) drawTopic(now);
    if (now.designs.coupled) drawCoupled(now.designs.coupled);
    for (const [actor, n] of Object.entries(now.actors)) {
      for (const element of root.querySelectorAll(`[data-sent="${actor}"]`)) set(element, `${count(n)} sent`);
    }
    set(root.querySelector("[data-n=outcomes]"), outcomeTable(now.outcomes));
    root.querySelector("[data-n=picture]").setAttribute("aria-label", now.sentence);
    for (const [design, at] of [["event-driven", "e-bills"], ["coupled", "c-bills"]]) {
      const made = now.outcomes.filter((o) => o.design === design).reduce((n, o) => n + o.right + o.wrong, 0);
      set(root.querySelector(`[data-n=${at}]`), `${count(made)} made`);
    }
    if (!still.matches) flights(dots, now, before, events);
    const others = who(before) !== who(now);
    before = now;
    if (others) lay();
  }

  function stand({ still: png, sentence }) {
    dots?.clear();
    root.innerHTML = `<img class="jp-needs-light-background" style="max-width:100%" alt="${text(sentence)}" src="data:image/png;base64,${png}">`;
    before = dots = drawn = null;
  }

  function settings({ controls, followed }) {
    root.querySelector("[data-do=start]").disabled = !controls.paused;
    root.querySelector("[data-do=pause]").disabled = controls.paused;
    for (const [name, value, unit] of [["rate", controls.rate, ""], ["share", controls.share, " %"],
                                       ["slow", controls.slow_ms, " ms"]]) {
      const input = root.querySelector(`[data-slide=${name}]`);
      if (sliding !== input) { input.value = value; set(input.nextSibling, count(value) + unit); }
      if (name === "share") input.disabled = controls.fixed;
    }
    const of = controls.total === null ? "" : ` of ${count(controls.total)}`;
    const state = controls.paused ? "paused" : controls.ended ? "the day is sent" : "flowing";
    set(root.querySelector(".fl-said"), text(`${count(controls.sent)}${of} actions sent, ${state}. ${controls.said}`));
    set(root.querySelector(".fl-follow"), followed.map((step) => `<li>${text(step)}</li>`).join(""));
  }

  function drawTopic(now) {
    const { topic } = now;
    for (const [p, offset, kind, sale, id] of topic.new) {
      events.set(`${p}/${offset}`, { kind, sale, followed: id.startsWith("by-hand") });
    }
    while (events.size > 4000) events.delete(events.keys().next().value);
    topic.ends.forEach((end, p) => {
      lane(root.querySelector(`[data-at=lane-${p}]`), events, end, topic.groups, p);
    });
    set(root.querySelector("[data-n=legend]"), `Topic: the newest events of each partition; ${topic.groups.map(
      (group, g) => `<span>${MARKS[g % 4]} ${text(group.name)}</span>`).join(", ")} reads next`);
    groupCards(root, topic.groups);
    root.querySelector("[data-do=listen]").disabled = topic.guest.is_there;
    const { accepted, failed } = now.designs["event-driven"];
    set(root.querySelector("[data-n=gateway]"), `${count(accepted)} answered${failed ? `, ${failed} failed` : ""}`);
  }

  function drawCoupled({ accepted, failed, waiting, inside, inside_count }) {
    set(root.querySelector("[data-n=backend]"), `${count(accepted)} answered${failed ? `, ${failed} failed` : ""}
      · ${count(inside_count)} inside · ${count(waiting)} held up in their apps`);
    set(root.querySelector("[data-n=inside]"), inside.map(([, kind]) => mark(kind)).join(""));
  }

  root.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-do]");
    if (button) model.send({ ...button.dataset });
  });
  root.addEventListener("input", ({ target }) => {
    sliding = target;
    set(target.nextSibling, count(target.value) + { rate: "", share: " %", slow: " ms" }[target.dataset.slide]);
  });
  root.addEventListener("change", ({ target }) => {
    model.send({ do: target.dataset.slide, value: Number(target.value) });
    setTimeout(() => { sliding = null; }, 400); // until the kernel has said the same
  });
  model.on("change:snapshot", draw);
  draw();
  return () => { model.off("change:snapshot", draw); watched.disconnect(); themed.disconnect(); dots?.clear(); };
}

export default { render };
