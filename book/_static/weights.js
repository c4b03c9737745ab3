// The grading rule of report/evidence.py in the page, for weights that the reader chooses.
// A browser test compares it with Python on many random weightings.
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
    const above = (score >= rule.inner) + (score >= rule.outer);
    return rule.verdicts[2 + above - (score <= -rule.inner) - (score <= -rule.outer)];
  });
}

all(".weights-explorer").forEach((box) => {
  const data = JSON.parse(box.querySelector("script").textContent);
  const computed = verdicts(data, data.weights);
  const sliders = data.types.map((type, place) => {
    const input = element("input", { type: "range", id: "weight-" + place, min: 0, max: 1, step: 0.1 });
    const output = element("output", {});
    output.htmlFor = input.id;
    input.addEventListener("input", () => {
      output.textContent = Number(input.value).toFixed(1);
      show();
    });
    return { input, row: element("p", {}, element("label", { htmlFor: input.id, textContent: type }), input, output) };
  });
  const status = element("p", { role: "status" });
  const body = element("tbody", {});

  function show() {
    const now = verdicts(data, sliders.map(({ input }) => Number(input.value)));
    const changed = now.map((verdict, place) => [verdict, place]).filter(([verdict, place]) => verdict !== computed[place]);
    body.replaceChildren(...changed.map(([verdict, place]) => element("tr", {},
      element("th", { scope: "row", textContent: data.claims[place].id }),
      ...[data.claims[place].claim, computed[place], verdict].map((text) => element("td", { textContent: text })))));
    status.textContent = changed.length
      ? changed.length + " of " + now.length + " verdicts change with these weights."
      : "With these weights all " + now.length + " verdicts are those of the scorecard.";
    scroll.hidden = !changed.length;
  }
  function reset() {
    sliders.forEach(({ input }, place) => {
      input.value = data.weights[place];
      input.dispatchEvent(new Event("input"));
    });
  }

  const columns = ["Claim", "Recommendation", "Verdict in this report", "Verdict with your weights"];
  const scroll = element("div", { className: "table-scroll" }, element("table", {},
    element("caption", { textContent: "Verdicts that change" }),
    element("thead", {}, element("tr", {}, ...columns.map((text) => element("th", { scope: "col", textContent: text })))),
    body));
  const button = element("button", { type: "button", className: "button", textContent: "Back to the report's weights" });
  button.addEventListener("click", reset);
  box.append(element("fieldset", {}, element("legend", { textContent: "Weight of each type of study" }),
    ...sliders.map(({ row }) => row)), button, status, scroll);
  box.hidden = false;
  box.verdicts = (weights) => verdicts(data, weights); // what the browser test calls
  reset();
});
