// The grading rule of report/evidence.py in the page, for weights that the reader chooses.
// A browser test compares it with Python on many random weightings.
"use strict";
const round = (x) => Math.round(x * 1e9) / 1e9;

// A stream is [[direction, grade, rank, [levels, ...]], ...]: its works, and for each of the
// findings that speak for a work the levels whose weights are multiplied.
function verdicts(data, weights) {
  const rule = data.rule;
  const side = (score) => (score >= rule.leaning) - (score <= -rule.leaning);
  const weigh = (levels) => round(levels.reduce((product, i) => product * weights[i], 1));
  return data.claims.map((claim) => {
    let signed = 0, total = 0, undecided = 0, usable = 0;
    for (const stream of claim.streams) {
      const works = stream.map(([direction, grade, rank, findings]) => (
        { direction, grade, rank, weight: Math.max(...findings.map(weigh)) }));
      const balance = round(works.reduce((sum, w) => sum + w.weight * w.direction, 0));
      works.sort((a, b) => b.grade - a.grade || b.weight - a.weight || b.rank - a.rank);
      const { weight, grade } = works[0];
      signed += weight * Math.sign(balance);
      total += weight;
      undecided += balance ? 0 : weight;
      usable += grade >= 1;
    }
    if (!(total > 0)) return rule.not_tested;
    if (usable < rule.usable) return rule.too_little;
    const score = round(signed / total), lean = side(score);
    if (!lean) return round(undecided / total) >= 0.5 ? rule.mixed : rule.disagree;
    const word = lean > 0 ? "supported" : "contradicted";
    return Math.abs(score) >= rule.one_sided ? word : "mostly " + word;
  });
}

all(".weights-explorer").forEach((box) => {
  const data = JSON.parse(box.querySelector("script").textContent);
  const computed = verdicts(data, data.weights);
  const sliders = data.levels.map((type, place) => {
    const input = element("input", { type: "range", id: "weight-" + place, min: 0, max: 1, step: 0.05 });
    const output = element("output", {});
    output.htmlFor = input.id;
    input.addEventListener("input", () => {
      output.textContent = Number(input.value).toFixed(2);
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
      element("th", { scope: "row", textContent: data.claims[place].name }),
      ...[computed[place], verdict].map((text) => element("td", { textContent: text })))));
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

  const columns = ["Recommendation", "Verdict in this report", "Verdict with your weights"];
  const scroll = element("div", { className: "table-scroll" }, element("table", {},
    element("caption", { textContent: "Verdicts that change" }),
    element("thead", {}, element("tr", {}, ...columns.map((text) => element("th", { scope: "col", textContent: text })))),
    body));
  const button = element("button", { type: "button", className: "button", textContent: "Back to the report's weights" });
  button.addEventListener("click", reset);
  box.append(element("fieldset", {}, element("legend", { textContent: "Weight of design, directness, setting and bias" }),
    ...sliders.map(({ row }) => row)), button, status, scroll);
  box.hidden = false;
  box.verdicts = (weights) => verdicts(data, weights); // what the browser test calls
  reset();
});
