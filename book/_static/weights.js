// The grading rule of report/evidence.py in the page, for weights that the reader chooses.
// A browser test compares it with Python on many random weightings.
(function () {
  "use strict";
  const round = (x) => Math.round(x * 1e9) / 1e9;

  // A stream is [[direction, grade, rank, [levels, ...]], ...]: its works, and for each of the
  // findings that speak for a work the levels whose weights are multiplied.
  function verdicts(data, weights) {
    const rule = data.rule;
    const side = (score) => (score >= rule.leaning) - (score <= -rule.leaning);
    return data.claims.map((claim) => {
      let signed = 0, total = 0, undecided = 0, usable = 0;
      for (const stream of claim.streams) {
        const works = stream.map(([direction, grade, rank, findings]) => {
          const products = findings.map((levels) => round(levels.reduce((p, i) => p * weights[i], 1)));
          return { direction, grade, rank, weight: Math.max(...products) };
        });
        const balance = round(works.reduce((sum, w) => sum + w.weight * w.direction, 0));
        works.sort((a, b) => b.grade - a.grade || b.weight - a.weight || b.rank - a.rank);
        const best = works[0], direction = Math.sign(balance);
        signed += best.weight * direction;
        total += best.weight;
        undecided += direction ? 0 : best.weight;
        usable += best.grade >= 1;
      }
      if (!(total > 0)) return rule.not_tested;
      const score = round(signed / total), lean = side(score);
      if (usable < rule.usable) return rule.too_little;
      if (!lean) return round(undecided / total) >= 0.5 ? rule.mixed : rule.disagree;
      const word = lean > 0 ? "supported" : "contradicted";
      return Math.abs(score) >= rule.one_sided ? word : "mostly " + word;
    });
  }

  function element(name, properties, ...children) {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  }

  function explore(box) {
    const data = JSON.parse(box.querySelector("script").textContent);
    const computed = verdicts(data, data.weights);
    const sliders = data.levels.map((type, place) => {
      const id = "weight-" + place;
      const output = element("output", { textContent: data.weights[place].toFixed(2) });
      output.htmlFor = id;
      const input = element("input", {
        type: "range", id, min: 0, max: 1, step: 0.05, value: data.weights[place],
      });
      input.addEventListener("input", () => {
        output.textContent = Number(input.value).toFixed(2);
        show();
      });
      return { input, row: element("p", {}, element("label", { htmlFor: id, textContent: type }), input, output) };
    });
    const status = element("p", { className: "weights-status" });
    status.setAttribute("role", "status");
    const body = element("tbody", {});
    const reset = element("button", { type: "button", textContent: "Back to the report's weights" });
    reset.className = "btn btn-sm btn-outline-primary";
    reset.addEventListener("click", () => {
      sliders.forEach(({ input }, place) => {
        input.value = data.weights[place];
        input.dispatchEvent(new Event("input"));
      });
    });

    function show() {
      const now = verdicts(data, sliders.map(({ input }) => Number(input.value)));
      body.replaceChildren();
      let changed = 0;
      now.forEach((verdict, place) => {
        if (verdict === computed[place]) return;
        changed += 1;
        const claim = data.claims[place];
        const head = element("th", { scope: "row", textContent: claim.name });
        body.append(element("tr", {}, head, element("td", { textContent: computed[place] }), element("td", { textContent: verdict })));
      });
      status.textContent = changed
        ? changed + " of " + now.length + " verdicts change with these weights."
        : "With these weights all " + now.length + " verdicts are those of the scorecard.";
      scroll.hidden = !changed;
    }

    const columns = ["Recommendation", "Verdict in this report", "Verdict with your weights"];
    const table = element("table", { className: "table" },
      element("caption", { textContent: "Verdicts that change" }),
      element("thead", {}, element("tr", {}, ...columns.map((text) => element("th", { scope: "col", textContent: text })))),
      body);
    const scroll = element("div", { className: "table-scroll" }, table);
    const group = element("fieldset", {}, element("legend", { textContent: "Weight of design, directness, setting and bias" }),
      ...sliders.map(({ row }) => row));
    box.append(group, reset, status, scroll);
    box.hidden = false;
    box.verdicts = (weights) => verdicts(data, weights); // what the browser test calls
    show();
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(".weights-explorer").forEach(explore);
  });
})();
