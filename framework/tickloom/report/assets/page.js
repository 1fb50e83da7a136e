"use strict";
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const read = (id) => JSON.parse(document.getElementById(id).textContent);

  // Pictures: drawn one after the other, and again where the colour scheme changes, for a canvas keeps its colours.
  let drawn = [];
  const draw = async () => {
    for (const views of drawn.splice(0)) views.clear();
    for (const holder of document.querySelectorAll("[data-figure]")) {
      holder.replaceChildren();
      holder.dataset.drawn = dark.matches ? "dark" : "light";
      drawn.push(await Bokeh.embed.embed_item(read(holder.dataset.figure), holder));
    }
    document.body.dataset.ready = "yes";
  };
  if (document.querySelector("[data-figure]")) {
    Bokeh.logger.set_level("warn");
    draw();
    dark.addEventListener("change", draw);
  } else {
    document.body.dataset.ready = "yes";
  }

  // Tables: the page holds their first rows; the others come from the data as text, never as HTML.
  const show = (table, data, first, count) => {
    const rows = data.rows.slice(first, first + count).map((cells) => {
      const row = document.createElement("tr");
      cells.forEach((cell, place) => {
        const box = document.createElement("td");
        box.textContent = cell;
        if (data.right[place]) box.className = "right";
        row.append(box);
      });
      return row;
    });
    table.querySelector("tbody").replaceChildren(...rows);
    const last = first + rows.length;
    table.querySelector(".place").textContent = `${first + 1} to ${last}`;
    table.querySelector("[data-turn='-1']").disabled = first === 0;
    table.querySelector("[data-turn='1']").disabled = last >= data.rows.length;
  };

  // A text that a spreadsheet would take for a formula is given to it as text; numbers stay numbers.
  const field = (cell, number) => {
    const safe = !number && /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const save = (button, data) => {
    const lines = [data.columns.map((head) => field(head, false)), ...data.rows.map((cells) => cells.map((cell, place) => field(cell, data.right[place])))];
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lines.map((line) => line.join(",") + "\r\n").join("")], { type: "text/csv" }));
    link.download = button.dataset.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };

  for (const table of document.querySelectorAll(".table")) {
    const count = Number(table.dataset.rows);
    let data = null;
    let first = 0;
    const rows = () => (data ??= read(`data-${table.id}`));
    for (const button of table.querySelectorAll("[data-turn]")) {
      button.addEventListener("click", () => {
        first += Number(button.dataset.turn) * count;
        show(table, rows(), first, count);
      });
    }
    table.querySelector(".save").addEventListener("click", (event) => save(event.currentTarget, rows()));
  }
})();
