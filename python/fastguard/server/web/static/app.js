// Marks a request as right or wrong.
"use strict";

const form = document.getElementById("mark");
const status = document.getElementById("marked");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const data = new FormData(form);
  const body = { event: Number(form.dataset.event), mark: data.get("mark") };
  for (const name of ["label", "note", "text"]) {
    if (data.get(name)) body[name] = data.get(name);
  }
  try {
    const answer = await fetch("/ui/api/mark", {
      method: "POST",
      headers: { "content-type": "application/json", "x-fastguard-page": "1" },
      body: JSON.stringify(body),
    });
    const said = await answer.json();
    status.textContent = answer.ok ? `Kept: ${said.mark}.` : said.message;
  } catch {
    status.textContent = "The server does not answer.";
  }
});
