// Draws what the kernel says in `snapshot`, about ten times a second, and moves the dots in between.
// It knows no Kafka and no bill: every number comes from the snapshot. What is pressed goes back as a message.
const COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7"]; // Okabe-Ito, in the order of ACTOR_LOOKS
const KINDS = ["customer", "installer", "reseller", "landlord"];
const WHERE = { customer: "Customer app", installer: "Installer tablet" };
const MARKS = ["▲", "◆", "✚", "✖"]; // of the groups, in their order
const FLIGHT_MS = 400, MOST_DOTS = 160, CELL = 15, EVENTS_Y = 23, MARKS_Y = 41;

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
    <small>· each service reads at its own pace</small></h4><div class="fl-legend" data-n="legend"></div>
    <div class="fl-stage fl-events">${column("e")}
    <div class="fl-box" data-at="gateway">Gateway<b data-n="gateway"></b></div>
    <div class="fl-lanes" data-at="topic">${first.topic.ends.map((_, p) => `<svg class="fl-lane" data-at="lane-${p}"></svg>`).join("")}
    </div><div class="fl-col" data-n="groups"></div>
    <div class="fl-box" data-at="e-bills">Bills<b data-n="e-bills"></b></div></div>
    <div class="fl-dead" data-n="letters" role="status" hidden></div>`;
  const coupled = first.designs.coupled && `<h4>Coupled: the app waits inside until its bill is made
    <small>· a hollow dot is an answer on its way back</small></h4>
    <div class="fl-stage fl-coupled">${column("c")}
    <div class="fl-box" data-at="backend">Backend: prices, bills, then answers<b data-n="backend"></b>
      <span class="fl-inside" data-n="inside"></span></div>
    <div class="fl-box" data-at="c-bills">Bills<b data-n="c-bills"></b></div></div>`;
  const slider = (name, label, min, max, step) => `<label>${label} <input type="range" min="${min}"
    max="${max}" step="${step}" data-slide="${name}" aria-label="${label}"><output></output></label>`;
  const endless = first.controls.total === null; // a fixed day has its installers: there is nothing to share out
  return `<div class="fl-bar" role="toolbar" aria-label="Traffic">
    <button data-do="start">▶ Go on</button><button data-do="pause">❚❚ Pause</button>
    <button data-do="reset">↺ Begin again</button>
    ${slider("rate", "Actions a second", 1, 200, 1)}${endless ? slider("share", "Installers", 0, 100, 5) : ""}
    ${slider("slow", "Slow billing", 0, 1000, 50)}
    ${actors.map((actor) => `<button data-do="send" data-actor="${actor}">${mark(KINDS.indexOf(actor))}Send one:
      ${text(actor)} buys</button>`).join("")}${first.topic?.lanes ? `<button data-do="listen">+ Add a listener:
      ${text(first.topic.guest.name)}</button>` : ""}<button data-do="close">✕ Close</button></div>
    <div class="fl-said" role="status"></div><div class="fl-first-wrong" role="status"></div>
    <ol class="fl-follow" aria-label="The action sent by hand"></ol>
    <div role="img" data-n="picture"></div>${topic || ""}${coupled || ""}
    <div data-n="outcomes"></div><svg class="fl-dots" aria-hidden="true"></svg>`;
}

const fitting = (width) => Math.max(4, Math.floor(width / CELL) - 1); // events that a lane has room for

// --- what stands still between two snapshots

// From above: the lane's name, its events, the groups' marks. What flies stays at the height of the events.
function lane(svg, events, topic, p) {
  const width = svg.clientWidth || 300, end = topic.ends[p], groups = topic.groups;
  const first = Math.max(0, end - fitting(width));
  let html = `<text x="8" y="11" font-size="11" fill="var(--ink)">${topic.lanes ? `Partition ${p}: ` : ""}${
    plural(end, "event")}</text><path d="M0 ${EVENTS_Y}H${width}" stroke="var(--line)"/>`;
  for (let offset = first; offset < end; offset++) {
    const event = events.get(`${p}/${offset}`), x = (offset - first + 0.5) * CELL;
    if (!event && offset > events.newest?.[p]) break; // it is counted, and will be seen in a moment
    const ring = event?.followed ? `<circle r="10" fill="none" stroke="var(--ink)" stroke-width="2"/>` : "";
    html += `<g transform="translate(${x} ${EVENTS_Y})" fill="${COLOURS[event?.kind] ?? "#999"}"
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
    html += `<path d="M${x} ${EVENTS_Y - 8}V${EVENTS_Y + 9}" stroke="var(--ink)" stroke-width="1.5"/><text font-size="11"
      x="${center}" y="${MARKS_Y}" text-anchor="middle" fill="var(--ink)">${marks}</text>`;
  }
  set(svg, html);
}

function legend({ lanes, groups }) {
  const marks = groups.map((group, g) => `<span>${MARKS[g % 4]} ${text(group.name)}</span>`).join(" ");
  const rows = lanes ? "Each row has the newest events of a partition." : "The row has the newest events on the topic.";
  return `${rows} ${marks}: what this service reads next. <span>←▲: that is further back than the row shows.</span>`;
}

function groupCards(root, { lanes, groups, ends }) {
  const whole = ends.reduce((sum, end) => sum + end, 0);
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
    const read = lanes ? `, lag ${count(behind)}` : `<br>has read ${count(whole - behind)} of ${plural(whole, "event")}`;
    set(card.firstChild, `<b>${MARKS[g % 4]} ${text(group.name)}</b>
      <span class="fl-state">${running ? "" : "■ "}${text(group.status)}</span><span
      class="${behind > 20 ? "fl-wrong" : ""}">${read}</span>
      ${lanes ? `<div class="fl-lags" title="lag by partition">${group.lag.map((lag, p) =>
        `<div class="${lag > 5 ? "fl-late" : ""}">P${p}: ${count(lag)}</div>`).join("")}</div>` : ""}
      ${group.found ? `<div class="fl-found-by">${text(group.found)}</div>` : ""}`);
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
    const made = o.right + o.wrong;
    const verdict = o.wrong ? `<span class="fl-wrong">✗ ${count(o.wrong)} of ${plural(made, "bill")} wrong:
      ${dollars(Math.abs(o.wrong_cents))} too ${o.wrong_cents > 0 ? "much" : "little"}</span>`
      : made ? `<span class="fl-right">✓ all ${plural(made, "bill")} right</span>` : "no bill yet";
    const behind = o.behind ? `: its service is ${plural(o.behind, "event")} behind` : "";
    const late = o.not_billed ? `<br><span class="fl-late-bills">… ${count(o.not_billed)} not billed yet${behind}</span>` : "";
    const part = (cents, style) => `<i style="width:${100 * cents / Math.max(1, o.due_cents)}%;${style}"></i>`;
    const billed = part(Math.min(o.billed_cents, o.due_cents), `background:${COLOURS[KINDS.indexOf(o.actor)] ?? "#999"}`);
    return `<td>${dollars(o.billed_cents)} billed of ${dollars(o.due_cents)} due<div class="fl-meter"
      style="width:${Math.max(2, 100 * o.due_cents / most)}%">${billed}${
      part(o.not_billed_cents, "background:var(--late)")}</div>${verdict}${late}</td>`;
  };
  return `<table><thead><tr><th scope="col" class="fl-first">The oracle says</th>${actors.map((actor) =>
    `<th scope="col">${mark(KINDS.indexOf(actor))} ${text(actor)}s</th>`).join("")}</tr></thead><tbody>
    ${designs.map((design) => `<tr><th scope="row">${text(design)}</th>${outcomes.filter((o) =>
      o.design === design).map(cell).join("")}</tr>`).join("")}</tbody></table>`;
}

// --- what moves: a dot flies from box to box, from edge to edge, and is not seen inside them

const middle = ([left, top, right, bottom]) => [(left + right) / 2, (top + bottom) / 2];
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const edge = ([left, top, right, bottom], [x, y]) => [clamp(x, left, right), clamp(y, top, bottom)];
const point = (x, y) => [x, y, x, y];
const leg = (from, to) => [edge(from, middle(to)), edge(to, middle(from))];

class Dots {
  constructor(root) {
    [this.root, this.svg, this.dots, this.places] = [root, root.querySelector(".fl-dots"), new Set(), new Map()];
    this.frame = this.frame.bind(this);
  }
  get narrow() { return this.root.clientWidth < 760; }
  place(name) { // [left, top, right, bottom], looked up once per layout
    if (!this.places.has(name)) {
      const end = name.match(/^(lane-.*)-(in|out)$/); // where a lane begins and ends, at the height of its events
      if (end) {
        const box = this.place(end[1]);
        return box && point(end[2] === "in" ? box[0] : box[2], box[1] + EVENTS_Y);
      }
      const box = this.root.querySelector(`[data-at="${name}"]`)?.getBoundingClientRect();
      const { left, top } = this.root.getBoundingClientRect();
      this.places.set(name, box && [box.left - left, box.top - top, box.right - left, box.bottom - top]);
    }
    return this.places.get(name);
  }
  arrows(pairs) { // thin lines where dots will fly
    this.svg.querySelector("path.fl-ways")?.remove();
    if (this.narrow) return; // the boxes stand below each other: lines would cross them
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
  stand(wrong) { // the dot of the first wrong bill, marked, before the bills of its design
    this.svg.querySelector(".fl-found")?.remove();
    const bills = wrong && this.place(wrong.design === "coupled" ? "c-bills" : "e-bills");
    if (!bills || this.narrow) return;
    const at = `${bills[0] - 16} ${middle(bills)[1]}`, ring = `<circle r="12" fill="none" stroke="var(--wrong)" stroke-width="3"/>`;
    this.svg.insertAdjacentHTML("beforeend", `<g class="fl-found" transform="translate(${at})" stroke="var(--ink)"
      fill="${COLOURS[wrong.kind] ?? "#999"}">${shape(wrong.kind)}${ring}</g>`);
  }
}

const who = (now) => String(now?.topic?.groups.map((group) => group.name)); // the boxes' places hang on them
const spread = (list) => list.map((item, i) => [item, (i * 100) / Math.max(1, list.length)]);

function ways(now) {
  const actors = Object.keys(now.actors), groups = now.topic?.groups ?? [];
  return [...actors.flatMap((actor) => [[`e-${actor}`, "gateway"], [`c-${actor}`, "backend"]]),
    ...(now.topic?.ends ?? []).map((_, p) => ["gateway", `lane-${p}-in`]), ["backend", "c-bills"],
    ...groups.map((group) => ["topic", `group-${group.name}`]),
    ...groups.filter((group) => group.bills).map((group) => [`group-${group.name}`, "e-bills"])];
}

function flights(dots, now, before, events) {
  const coupled = now.designs.coupled;
  for (const [[p, , kind], wait] of spread(now.topic?.new ?? [])) {
    const path = [`e-${KINDS[kind]}`, "gateway", `lane-${p}-in`, laneAt(dots, now.topic, p, now.topic.ends[p])];
    dots.fly(kind, path, false, wait);
  }
  now.topic?.groups.forEach((group, g) => group.cursors.forEach((cursor, p) => {
    const read = before.topic?.groups[g]?.cursors[p] ?? cursor;
    for (let offset = Math.max(read, cursor - 3); offset < cursor; offset++) {
      const event = events.get(`${p}/${offset}`);
      const path = [laneAt(dots, now.topic, p, offset), `lane-${p}-out`, `group-${group.name}`];
      if (event) dots.fly(event.kind, path);
    }
  }));
  for (const [[, kind], wait] of spread(coupled?.in ?? [])) dots.fly(kind, [`c-${KINDS[kind]}`, "backend"], false, wait);
  for (const [[, kind], wait] of spread(coupled?.out ?? [])) {
    dots.fly(kind, ["backend", `c-${KINDS[kind]}`], true, wait + FLIGHT_MS);
  }
  now.outcomes.forEach((outcome, i) => billsMade(dots, outcome, before.outcomes[i], now.topic?.groups ?? []));
}

function billsMade(dots, now, before, groups) {
  const made = Math.min(6, now.right + now.wrong - ((before?.right ?? 0) + (before?.wrong ?? 0)));
  const by = groups.find((group) => group.name.startsWith(now.actor));
  const path = now.design === "coupled" ? ["backend", "c-bills"] : [`group-${by?.name}`, "e-bills"];
  for (let i = 0; i < made; i++) dots.fly(KINDS.indexOf(now.actor), path, false, i * 40 + FLIGHT_MS);
}

function laneAt(dots, topic, p, offset) { // where this offset lies in its lane, as a place without size
  const box = dots.place(`lane-${p}`);
  if (!box) return null;
  const first = Math.max(0, topic.ends[p] - fitting(box[2] - box[0]));
  return point(box[0] + Math.max(0, offset - first) * CELL, box[1] + EVENTS_Y);
}

function progress({ paused, ended, total, of_day, sent }) {
  if (total === null) return `${plural(sent, "action")} sent, ${paused ? "paused" : "flowing"}.`;
  const byHand = sent > of_day ? `, and ${count(sent - of_day)} by hand` : "";
  if (ended) return `The day is sent: ${plural(total, "action")}${byHand}. The picture stays until you close it.`;
  return `${count(of_day)} of ${plural(total, "action")} sent${byHand}; ${paused ? "paused" : "flowing"}.`;
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
    if (before && !still.matches) flights(dots, now, before, events); // what was there when it was opened does not fly
    const others = who(before) !== who(now);
    before = now;
    if (others) lay();
    dots.stand(now.wrong);
  }

  function stand({ still: png, sentence }) {
    dots?.clear();
    root.innerHTML = `<img class="jp-needs-light-background" style="max-width:100%" alt="${text(sentence)}" src="data:image/png;base64,${png}">`;
    before = dots = drawn = null;
  }

  function settings({ controls, followed, wrong }) {
    const waits = controls.paused && !controls.ended;
    root.querySelector("[data-do=start]").hidden = !waits;
    root.querySelector("[data-do=pause]").hidden = waits;
    root.querySelector("[data-do=pause]").disabled = controls.ended;
    for (const [name, value, unit] of [["rate", controls.rate, ""], ["share", controls.share, " %"],
                                       ["slow", controls.slow_ms, " ms"]]) {
      const input = root.querySelector(`[data-slide=${name}]`);
      if (input && sliding !== input) { input.value = value; set(input.nextSibling, count(value) + unit); }
    }
    set(root.querySelector(".fl-said"), text(progress(controls) + (controls.said && ` · ${controls.said}`)));
    const next = controls.paused ? " The traffic waits for ▶ Go on." : "";
    set(root.querySelector(".fl-first-wrong"), wrong ? text(`✗ ${wrong.said}${next}`) : "");
    const ringed = followed.length ? ["Sent by hand, and ringed below:", ...followed] : [];
    set(root.querySelector(".fl-follow"), ringed.map((step) => `<li>${text(step)}</li>`).join(" "));
  }

  function drawTopic(now) {
    const { topic } = now;
    for (const [p, offset, kind, id] of topic.new) {
      events.set(`${p}/${offset}`, { kind, followed: id.startsWith("by-hand") });
      events.newest = { ...events.newest, [p]: offset };
    }
    while (events.size > 4000) events.delete(events.keys().next().value);
    topic.ends.forEach((_, p) => lane(root.querySelector(`[data-at=lane-${p}]`), events, topic, p));
    set(root.querySelector("[data-n=legend]"), legend(topic));
    groupCards(root, topic);
    const letters = root.querySelector("[data-n=letters]"); // hidden while there is none
    letters.hidden = !topic.letters;
    set(letters, `✉ ${text(topic.letters)}; the last: ${text(topic.last_reason)}`);
    const listen = root.querySelector("[data-do=listen]");
    if (listen) listen.hidden = topic.guest.is_there;
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
