// Draws the overview's charts from the tables beside them; without a script the tables are all there is to see.
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const font = getComputedStyle(document.body).fontFamily;
const number = (text) => Number(text.replaceAll(',', '')) || 0;
const rows = (id) => [...document.getElementById(id).tBodies[0].rows];
const written = (value) => Number(value).toLocaleString('en');

// Tooltips are drawn, not made of HTML: the page's policy allows no inline style.
const tooltip = () => ({
  renderMode: 'richText', confine: true, backgroundColor: css('--card'), borderColor: css('--line'),
  textStyle: { color: css('--text'), fontFamily: font, fontSize: 13 },
});
const axis = (more) => ({
  axisLabel: { color: css('--quiet'), fontFamily: font, hideOverlap: true }, axisLine: { lineStyle: { color: css('--line') } },
  axisTick: { show: false }, splitLine: { lineStyle: { color: css('--line') } }, ...more,
});

const line = (place) => {
  const column = Number(document.getElementById(place.dataset.measure).value);
  const found = rows(place.dataset.table);
  const hours = place.dataset.unit === 'hour';
  const label = (name) => (hours ? name.slice(11) : name.slice(5));
  const series = (name, data, style) => ({
    name, data, type: hours ? 'bar' : 'line', symbol: 'none', animation: false, barMaxWidth: 18, barGap: '10%', ...style,
  });
  const now = css('--accent');
  const before = css('--quiet');
  return {
    grid: { left: 8, right: 12, top: 12, bottom: 4, containLabel: true },
    tooltip: { ...tooltip(), trigger: 'axis', valueFormatter: written, axisPointer: { type: hours ? 'shadow' : 'line', lineStyle: { color: before }, shadowStyle: { opacity: 0.15 } } },
    xAxis: axis({ type: 'category', data: found.map((row) => label(row.cells[0].textContent)), boundaryGap: hours }),
    yAxis: axis({ type: 'value', minInterval: 1, axisLine: { show: false } }),
    series: [
      series('In the time before', found.map((row) => number(row.cells[column].dataset.before)), { itemStyle: { color: before, opacity: 0.45 }, lineStyle: { color: before, width: 1.5, type: 'dashed', opacity: 0.8 } }),
      series('Now', found.map((row) => number(row.cells[column].textContent)), { itemStyle: { color: now }, lineStyle: { color: now, width: 2.5 }, areaStyle: hours ? undefined : { color: now, opacity: 0.08 } }),
    ],
  };
};

const REFUSED = 'Refused';
const sankey = (place) => {
  const nodes = new Map();
  const node = (side, name, color) => {
    // The same source stands on both sides, so a name alone would make a circle of it.
    const id = `${side}${name}`;
    nodes.set(id, { name: id, title: name, itemStyle: { color: css(color), borderWidth: 0 }, depth: side === '<' ? 0 : 1, label: { position: side === '<' ? 'right' : 'left' } });
    return id;
  };
  const links = [];
  for (const row of rows(place.dataset.table)) {
    const [from, to, accepted, refused] = [...row.cells].map((cell) => cell.textContent);
    const add = (target, value, color) => value && links.push({ source: node('<', from, '--accent'), target, value, lineStyle: { color: css(color), opacity: 0.3 } });
    if (number(accepted)) add(node('>', to, '--accent'), number(accepted), '--accent');
    if (number(refused)) add(node('>', REFUSED, '--bad'), number(refused), '--bad');
  }
  const merged = new Map();
  for (const link of links) {
    const key = `${link.source} ${link.target}`;
    if (merged.has(key)) merged.get(key).value += link.value;
    else merged.set(key, link);
  }
  const title = (id) => nodes.get(id).title;
  return {
    tooltip: { ...tooltip(), formatter: ({ dataType, data, value }) => (dataType === 'edge' ? `${title(data.source)} → ${title(data.target)}: ${written(value)}` : `${title(data.name)}: ${written(value)}`) },
    series: [{
      type: 'sankey', left: 4, right: 4, top: 8, bottom: 8, nodeWidth: 10, nodeGap: 18, draggable: false, animation: false,
      data: [...nodes.values()], links: [...merged.values()], emphasis: { focus: 'adjacency' },
      label: { color: css('--text'), fontFamily: font, fontSize: 14, formatter: ({ name }) => title(name), overflow: 'truncate', width: Math.max(90, place.clientWidth / 2 - 40) },
    }],
  };
};

const charts = [...document.querySelectorAll('[data-chart]')].map((place) => {
  place.hidden = false;
  const chart = echarts.init(place, null, { renderer: 'canvas' });
  const draw = () => { chart.resize(); chart.setOption((place.dataset.chart === 'line' ? line : sankey)(place), true); };
  return draw;
});
const drawAll = () => charts.forEach((draw) => draw());
drawAll();
addEventListener('resize', drawAll);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
const measure = document.getElementById('measure');
if (measure) {
  measure.hidden = false;
  measure.addEventListener('change', drawAll);
}
