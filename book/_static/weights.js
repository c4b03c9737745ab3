// The grading rule of report/evidence.py in the page, for weights that the reader chooses.
// A browser test compares it with Python on many random weightings.
(function () {
  "use strict";
  const round = (x) => Math.round(x * 1e9) / 1e9;

  function verdicts(data, weights) {
    const rule = data.rule;
    return data.claims.map((claim) => {
      let signed = 0;
      let total = 0;
      for (const [direction, types] of claim.studies) {
        const weight = Math.max(...types.map((t) => round(weights[t])));
        signed += weight * direction;
        total += weight;
      }
      if (!(round(total) > 0)) return rule.not_tested;
      const score = round(signed / (total + rule.neutral));
      const band =
        2 + (score >= rule.inner) + (score >= rule.outer) -
        (score <= -rule.inner) - (score <= -rule.outer);
      return rule.verdicts[band];
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
    const sliders = data.types.map((type, place) => {
      const id = "weight-" + place;
      const output = element("output", { textContent: data.weights[place].toFixed(1) });
      output.htmlFor = id;
      const input = element("input", {
        type: "range", id, min: 0, max: 1, step: 0.1, value: data.weights[place],
      });
      input.addEventListener("input", () => {
        output.textContent = Number(input.value).toFixed(1);
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
        const head = element("th", { scope: "row", textContent: claim.id });
        body.append(element("tr", {}, head, element("td", { textContent: claim.claim }),
          element("td", { textContent: computed[place] }), element("td", { textContent: verdict })));
      });
      status.textContent = changed
        ? changed + " of " + now.length + " verdicts change with these weights."
        : "With these weights all " + now.length + " verdicts are those of the scorecard.";
      scroll.hidden = !changed;
    }

    const columns = ["Claim", "Recommendation", "Verdict in this report", "Verdict with your weights"];
    const table = element("table", { className: "table" },
      element("caption", { textContent: "Verdicts that change" }),
      element("thead", {}, element("tr", {}, ...columns.map((text) => element("th", { scope: "col", textContent: text })))),
      body);
    const scroll = element("div", { className: "table-scroll" }, table);
    const group = element("fieldset", {}, element("legend", { textContent: "Weight of each type of study" }),
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
