// The grading rule of report/evidence.py in the page, for weights that the reader chooses.
// A browser test compares it with Python on many random weightings.
"use strict";
const round = (x) => Math.round(x * 1e9) / 1e9;

// A stream is [[direction, grade, rank, [levels, ...]], ...]: its works, and for each of the
// findings that speak for a work the levels whose weights are multiplied.
function verdicts({ rule, claims }, weights) {
  const weigh = (levels) => round(levels.reduce((product, i) => product * weights[i], 1));
  return claims.map(({ streams }) => {
    let signed = 0, total = 0, undecided = 0, usable = 0;
    for (const stream of streams) {
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
    const score = round(signed / total), size = Math.abs(score);
    if (size < rule.leaning) return round(undecided / total) >= 0.5 ? rule.mixed : rule.disagree;
    const word = score > 0 ? "supported" : "contradicted";
    return size >= rule.one_sided ? word : "mostly " + word;
  });
}

all(".weights-explorer").forEach((box) => {
  const data = JSON.parse(box.querySelector("script").textContent);
  const computed = verdicts(data, data.weights);
  const sliders = data.levels.map((level, place) => element("input", {
    type: "range", id: "weight-" + place, min: 0, max: 1, step: 0.05, defaultValue: data.weights[place] }));
  const outputs = sliders.map(({ id }) => element("output", { htmlFor: id }));
  const rows = sliders.map((slider, place) => element("p", {},
    element("label", { htmlFor: slider.id, textContent: data.levels[place] }), slider, outputs[place]));
  const heads = ["Recommendation", "Verdict in this report", "Verdict with your weights"];
  const body = element("tbody", {});
  const changes = element("div", { className: "table-scroll" }, element("table", {},
    element("caption", { textContent: "Verdicts that change" }),
    element("thead", {}, element("tr", {}, ...heads.map((text) => element("th", { scope: "col", textContent: text })))),
    body));
  const status = element("p", { role: "status" });
  const legend = element("legend", { textContent: "Weight of design, directness, setting and bias" });
  const form = element("form", {}, element("fieldset", {}, legend, ...rows));
  const back = element("button", { type: "button", className: "button", textContent: "Back to the report's weights" });

  function show() {
    sliders.forEach(({ value }, place) => { outputs[place].textContent = Number(value).toFixed(2); });
    const now = verdicts(data, sliders.map(({ value }) => Number(value)));
    const changed = data.claims.map(({ name }, place) => [name, computed[place], now[place]])
      .filter(([, before, after]) => before !== after);
    body.replaceChildren(...changed.map(([name, ...both]) => element("tr", {},
      element("th", { scope: "row", textContent: name }), ...both.map((text) => element("td", { textContent: text })))));
    status.textContent = changed.length
      ? changed.length + " of " + now.length + " verdicts change with these weights."
      : "With these weights all " + now.length + " verdicts are those of the scorecard.";
    changes.hidden = !changed.length;
  }

  form.addEventListener("input", show);
  back.addEventListener("click", () => { form.reset(); show(); });
  box.append(form, back, status, changes);
  box.hidden = false;
  box.verdicts = (weights) => verdicts(data, weights); // what the browser test calls
  show();
});
