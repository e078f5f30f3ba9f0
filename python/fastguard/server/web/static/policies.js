// Compares a draft of a policy with the one in force, and applies one that was compared.
"use strict";

const form = document.getElementById("try");
const status = document.getElementById("tried");
const table = document.getElementById("compared");
const apply = document.getElementById("apply"); // not there where nobody may
let compared = ""; // the draft that was compared last

function cell(text, className) {
  const made = document.createElement("td");
  const inner = document.createElement("span");
  inner.textContent = text;
  if (className) inner.className = `badge a-${className}`;
  made.append(inner);
  return made;
}

form.elements.draft.addEventListener("input", () => {
  if (apply) apply.disabled = form.elements.draft.value !== compared;
});

apply?.addEventListener("click", async () => {
  apply.disabled = true;
  status.textContent = "…";
  try {
    const answer = await fetch("/ui/api/apply", {
      method: "POST",
      headers: { "content-type": "application/json", "x-fastguard-page": "1" },
      body: JSON.stringify({ policy: form.dataset.policy, draft: compared, known: form.dataset.known }),
    });
    const said = await answer.json();
    status.textContent = answer.ok ? `Applied: revision ${said.revision}.` : said.message;
    if (answer.ok) form.dataset.known = said.known;
  } catch {
    status.textContent = "The server does not answer.";
  }
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const data = new FormData(form);
  const body = {
    policy: form.dataset.policy,
    source: data.get("source"),
    draft: data.get("draft"),
    texts: data.get("texts").split("\n"),
    stored: data.get("stored") !== null,
  };
  status.textContent = "…";
  try {
    const answer = await fetch("/ui/api/try", {
      method: "POST",
      headers: { "content-type": "application/json", "x-fastguard-page": "1" },
      body: JSON.stringify(body),
    });
    const said = await answer.json();
    table.hidden = !answer.ok;
    if (!answer.ok) {
      status.textContent = said.message;
      return;
    }
    const changed = said.rows.filter((row) => row.before !== row.after).length;
    const rest = said.left ? ` The last ${said.left} were left out.` : "";
    status.textContent = said.rows.length ? `${changed} of ${said.rows.length} would change.${rest}` : "The draft is valid; there was no text to try it on.";
    compared = body.draft;
    if (apply) apply.disabled = false;
    table.tBodies[0].replaceChildren(
      ...said.rows.map((row) => {
        const line = document.createElement("tr");
        line.append(cell(row.text), cell(row.source), cell(row.before, row.before), cell(row.after, row.after));
        return line;
      }),
    );
  } catch {
    status.textContent = "The server does not answer.";
  }
});
