// Judges what is typed, a moment after it was typed. Whatever is shown is set as text, never as markup.
"use strict";

const WAIT = 150; // ms after the last key
const MOST = 4 * 1024 * 1024; // bytes of a file
const at = (id) => document.getElementById(id);
const text = at("text");
let timer = 0;
let running = null;

function make(name, className, content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (content !== undefined) made.textContent = content;
  return made;
}

// What shows nothing, or changes how others are shown, becomes its code.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0\u2800\u00ad\u034f\u180b-\u180f\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/u;

function appendPlain(parent, piece) {
  let run = "";
  for (const char of piece) {
    if (char !== "\n" && char !== "\t" && HIDDEN.test(char)) {
      if (run) parent.append(run);
      run = "";
      parent.append(make("span", "hidden-char", `U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`));
    } else {
      run += char;
    }
  }
  if (run) parent.append(run);
}

function highlighted(whole, findings) {
  const box = make("pre", "text");
  const ends = new Set([0, whole.length]);
  for (const item of findings) {
    ends.add(item.utf16_start);
    ends.add(item.utf16_end);
  }
  const places = [...ends].sort((a, b) => a - b);
  for (let i = 0; i + 1 < places.length; i++) {
    const [start, end] = [places[i], places[i + 1]];
    const over = findings.filter((item) => item.utf16_start <= start && item.utf16_end >= end);
    let parent = box;
    if (over.length) {
      parent = make("mark", `c-${over[0].category}`);
      parent.title = over.map((item) => `${item.signature} (${item.view})`).join("\n");
      box.append(parent);
    }
    appendPlain(parent, whole.slice(start, end));
  }
  return box;
}

function showVerdict(answer) {
  const spent = answer.microseconds < 1000 ? `${answer.microseconds.toFixed(1)} µs` : `${(answer.microseconds / 1000).toFixed(1)} ms`;
  at("verdict").replaceChildren(make("span", `badge a-${answer.action}`, answer.action), ` judged in ${spent}`);
}

function showScores(answer) {
  const best = new Map();
  for (const one of answer.texts) {
    for (const [name, item] of Object.entries(one.verdict.categories)) {
      const known = best.get(name);
      if (!known || item.score > known.score) best.set(name, { ...item, action: one.actions[name] });
    }
  }
  const rows = [...best].sort((a, b) => b[1].score - a[1].score);
  at("noscores").hidden = rows.length > 0;
  at("scores").replaceChildren(
    ...rows.map(([name, item]) => {
      const row = make("tr");
      const head = make("th", "", name);
      head.scope = "row";
      const bar = make("td", "bar");
      const meter = make("meter");
      meter.max = 1;
      meter.value = item.score;
      meter.setAttribute("aria-label", name);
      bar.append(meter);
      const what = make("td");
      what.append(make("span", `badge a-${item.action}`, item.action));
      row.append(head, bar, make("td", "number", item.score.toFixed(3)), make("td", "", `level ${item.level}`), what);
      return row;
    }),
  );
}

const STAGES = {
  reading: "reading: classes, folding, words",
  gate: "learned scores",
  patterns: "patterns",
  candidates: "numbers and addresses",
  phrases: "phrases",
  rest: "disguises, links, spans, fusion",
  models: "models, verdict as an object",
};

function showStages(answer) {
  const stages = answer.stages;
  at("stagecard").hidden = !stages;
  if (!stages) return;
  at("stages").replaceChildren(
    ...Object.entries(STAGES).map(([name, label]) => {
      const row = make("tr");
      const head = make("th", "", label);
      head.scope = "row";
      const bar = make("td", "bar");
      const meter = make("meter");
      meter.max = stages.total;
      meter.value = stages[name];
      meter.setAttribute("aria-label", label);
      bar.append(meter);
      const share = stages.total ? Math.round((100 * stages[name]) / stages.total) : 0;
      row.append(head, bar, make("td", "number", stages[name].toFixed(1)), make("td", "number", `${share} %`));
      return row;
    }),
  );
}

function showFindings(answer) {
  const rows = answer.texts.flatMap((one, number) =>
    one.verdict.findings.map((item) => {
      const row = make("tr");
      const where = answer.texts.length > 1 ? `text ${number}, ` : "";
      const name = make("td");
      for (const part of item.signature.match(/[^._]*[._]|[^._]+/g) || []) name.append(part, make("wbr"));
      if (item.mention) name.append(" (mention)");
      row.append(name, make("td", "", item.summary), make("td", "", item.severity), make("td", "", item.view));
      row.append(make("td", "place", `${where}${item.start}–${item.end}`));
      return row;
    }),
  );
  if (!rows.length) {
    const row = make("tr");
    const none = make("td", "dim", "No signature matches.");
    none.colSpan = 5;
    row.append(none);
    rows.push(row);
  }
  at("findings").replaceChildren(...rows);
}

function show(answer) {
  at("problem").hidden = true;
  at("result").hidden = false;
  showVerdict(answer);
  const shown = answer.texts.flatMap((one) => {
    const head = answer.texts.length > 1 ? [make("p", "dim", `${one.source}: ${one.verdict.action}`)] : [];
    return [...head, highlighted(one.text, one.verdict.findings)];
  });
  shown.push(...answer.unscanned.map((place) => make("p", "alert", place)));
  at("texts").replaceChildren(...shown);
  showScores(answer);
  showFindings(answer);
  showStages(answer);
  const views = Object.entries(answer.views || {}).filter(([name, view]) => name !== "raw" && view !== answer.texts[0].text);
  for (const item of answer.views ? answer.texts[0].verdict.findings : []) {
    // What a part says once its disguise is undone, as far as something was found in it.
    if (item.decoded && !views.some(([name, view]) => name === item.view && view === item.decoded)) views.push([item.view, item.decoded]);
  }
  at("viewcard").hidden = views.length === 0;
  at("views").replaceChildren(
    ...views.flatMap(([name, view]) => {
      const value = make("dd");
      const box = make("pre", "text");
      appendPlain(box, view);
      value.append(box);
      return [make("dt", "", name), value];
    }),
  );
  const redacted = answer.redacted !== undefined && answer.redacted !== answer.texts[0].text;
  at("redactcard").hidden = !redacted;
  at("redacted").replaceChildren();
  if (redacted) appendPlain(at("redacted"), answer.redacted);
}

function fail(message) {
  at("problem").textContent = message;
  at("problem").hidden = false;
  at("result").hidden = true;
  at("verdict").replaceChildren();
}

function question() {
  const body = { source: at("source").value, policy: at("policy").value };
  if (!at("conversation").checked) return { ...body, text: text.value };
  const messages = JSON.parse(text.value);
  return { ...body, messages: Array.isArray(messages) ? messages : messages.messages };
}

async function judge() {
  if (running) running.abort();
  if (!text.value) {
    at("result").hidden = true;
    at("problem").hidden = true;
    at("verdict").replaceChildren();
    return;
  }
  let body;
  try {
    body = JSON.stringify(question());
  } catch {
    fail("A conversation is a JSON list of messages with role and content.");
    return;
  }
  const mine = new AbortController();
  running = mine;
  try {
    const answer = await fetch("/ui/api/check", {
      method: "POST",
      headers: { "content-type": "application/json", "x-fastguard-page": "1" },
      body,
      signal: mine.signal,
    });
    const said = await answer.json();
    if (mine !== running) return;
    if (answer.ok) show(said);
    else fail(said.message);
  } catch (problem) {
    if (problem.name !== "AbortError") fail("The server does not answer.");
  }
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(judge, WAIT);
}

async function open(file) {
  if (!file) return;
  if (file.size > MOST) {
    fail(`${file.name} is larger than 4 MiB.`);
    return;
  }
  text.value = await file.text();
  judge();
}

text.addEventListener("input", soon);
for (const id of ["source", "policy", "conversation"]) at(id).addEventListener("change", judge);
at("file").addEventListener("change", () => open(at("file").files[0]));
text.addEventListener("dragover", (event) => {
  event.preventDefault();
  text.classList.add("over");
});
text.addEventListener("dragleave", () => text.classList.remove("over"));
text.addEventListener("drop", (event) => {
  text.classList.remove("over");
  if (event.dataTransfer.files.length) {
    event.preventDefault();
    open(event.dataTransfer.files[0]);
  }
});
if (text.value) judge();
