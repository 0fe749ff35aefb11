// Draws each chart with uPlot over the SVG that stands in the page. If anything fails, the SVG stays.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("charts").textContent);
  const plots = new Map();
  const css = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();

  // The colour of a strategy in the reader's scheme, as the style sheet has it.
  function colour(cssClass) {
    const probe = document.createElement("span");
    probe.className = cssClass;
    document.body.append(probe);
    const value = getComputedStyle(probe).getPropertyValue("--c").trim();
    probe.remove();
    return value;
  }

  function tooltip(chart, plot) {
    const tip = document.createElement("div");
    tip.className = "tip";
    plot.append(tip);
    return (u) => {
      const index = u.cursor.idx;
      const rows = index == null ? [] : chart.series.filter((s) => s.y[index] != null);
      tip.style.display = rows.length && u.cursor.left >= 0 ? "block" : "none";
      if (!rows.length) return;
      tip.replaceChildren();
      const head = document.createElement("b");
      head.textContent = chart.x_name + " = " + chart.x[index].toLocaleString("en-US");
      tip.append(head);
      for (const s of [...rows].sort((a, b) => b.y[index] - a.y[index])) {
        const row = document.createElement("div");
        const name = document.createElement("span");
        const dot = document.createElement("i");
        dot.className = s.look;
        name.append(dot, s.name);
        const value = document.createElement("span");
        value.textContent = s.text[index];
        row.append(name, value);
        tip.append(row);
      }
      const left = u.over.offsetLeft + u.valToPos(chart.x[index], "x");
      const room = plot.clientWidth - tip.offsetWidth;
      const beside = left + 14 <= room ? left + 14 : left - tip.offsetWidth - 14;
      tip.style.left = Math.min(Math.max(0, beside), Math.max(0, room)) + "px";
      tip.style.top = u.over.offsetTop + 6 + "px";
    };
  }

  // The interval of each median, and the line that speed-ups and shares are compared with.
  function decorate(chart) {
    return (u) => {
      const pen = u.ctx;
      pen.save();
      chart.series.forEach((s, i) => {
        pen.strokeStyle = u.series[i + 1].stroke(u, i + 1);
        pen.globalAlpha = 0.55;
        pen.lineWidth = 1.5 * devicePixelRatio;
        pen.beginPath();
        s.y.forEach((y, k) => {
          if (y == null || s.low[k] === s.high[k]) return;
          const x = u.valToPos(chart.x[k], "x", true);
          pen.moveTo(x, u.valToPos(s.low[k], "y", true));
          pen.lineTo(x, u.valToPos(s.high[k], "y", true));
        });
        pen.stroke();
      });
      pen.globalAlpha = 1;
      if (chart.reference) {
        const y = u.valToPos(chart.reference.y, "y", true);
        pen.strokeStyle = pen.fillStyle = css("--muted");
        pen.setLineDash([1 * devicePixelRatio, 4 * devicePixelRatio]);
        pen.beginPath();
        pen.moveTo(u.bbox.left, y);
        pen.lineTo(u.bbox.left + u.bbox.width, y);
        pen.stroke();
        pen.font = 11 * devicePixelRatio + "px " + getComputedStyle(document.body).fontFamily;
        pen.textAlign = "right";
        pen.textBaseline = "alphabetic";
        pen.fillText(chart.reference.label, u.bbox.left + u.bbox.width - 2 * devicePixelRatio, y - 5 * devicePixelRatio);
      }
      pen.restore();
    };
  }

  // A click goes to the sample of the nearest point.
  function follow(chart) {
    return (u) => u.over.addEventListener("click", () => {
      const index = u.cursor.idx;
      if (index == null) return;
      let best = null;
      for (const s of chart.series) {
        if (s.y[index] == null) continue;
        const distance = Math.abs(u.valToPos(s.y[index], "y") - u.cursor.top);
        if (!best || distance < best.distance) best = {distance, id: s.id[index]};
      }
      if (best && best.distance < 24) location.hash = best.id;
    });
  }

  function options(chart, width) {
    const font = "12px " + getComputedStyle(document.body).fontFamily;
    const small = width < 450;
    const every = Math.ceil(chart.x_ticks.length / (small ? 5 : 9));
    const x_ticks = chart.x_ticks.filter((_, i) => i % every === 0);
    const y_ticks = small ? chart.y_ticks.narrow : chart.y_ticks.wide;
    const axis = (ticks, extra) => Object.assign({
      font, labelFont: font, stroke: css("--muted"), filter: (u, splits) => splits,
      splits: () => ticks.map((t) => t.at), values: () => ticks.map((t) => t.text),
      ticks: {show: false}, grid: {stroke: css("--rule"), width: 1},
    }, extra);
    const span = Math.log(chart.x_range[1] / chart.x_range[0]);
    const margin = Math.exp(span * 8 / Math.max(200, width - 78));
    const x_range = [chart.x_range[0] / margin, chart.x_range[1] * margin];
    return {
      width, height: small ? 280 : 340, padding: [26, 14, 0, 0], legend: {show: false},
      cursor: {drag: {x: false, y: false}, points: {size: 9}, y: false},
      scales: {
        x: {time: false, distr: 3, log: 2, range: () => x_range},
        y: {distr: chart.y_log ? 3 : 1, log: 10, range: () => chart.y_range},
      },
      axes: [
        axis(x_ticks, {grid: {show: false}, label: chart.x_label, labelSize: 18, size: 26, gap: 6}),
        axis(y_ticks, {size: 64, gap: 8}),
      ],
      series: [{}].concat(chart.series.map((s) => ({
        label: s.name, stroke: colour(s.look), width: s.width, dash: s.dash, spanGaps: true,
        points: {show: true, size: 7, width: 2, fill: css("--bg")},
      }))),
      hooks: {draw: [decorate(chart)], ready: [follow(chart)]},
    };
  }

  function title(chart, plot) {
    const label = document.createElement("div");
    label.textContent = chart.y_label;
    label.className = "y-label";
    label.style.cssText = "position:absolute;left:0;top:0;font-size:12px;line-height:1.2;color:var(--muted)";
    plot.append(label);
  }

  function draw(chart, plot) {
    const old = plots.get(plot);
    if (old) old.destroy();
    plot.querySelectorAll(".tip, .y-label").forEach((node) => node.remove());
    const settings = options(chart, Math.floor(plot.clientWidth));
    settings.hooks.setCursor = [tooltip(chart, plot)];
    plot.classList.add("live");
    try {
      plots.set(plot, new uPlot(settings, [chart.x].concat(chart.series.map((s) => s.y)), plot));
      title(chart, plot);
    } catch (error) {
      plot.classList.remove("live");
      console.error(error);
    }
  }

  function draw_all(force) {
    for (const chart of data) {
      const plot = document.getElementById("plot-" + chart.id);
      const width = plot ? Math.floor(plot.clientWidth) : 0;
      if (width === 0) continue;  // inside a closed box: drawn when it opens
      const old = plots.get(plot);
      if (force || !old || old.width !== width) draw(chart, plot);
    }
  }

  draw_all(true);
  addEventListener("resize", () => draw_all(false));
  document.addEventListener("toggle", () => draw_all(false), true);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw_all(true));
})();
