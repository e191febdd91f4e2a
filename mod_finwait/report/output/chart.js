// SPDX-License-Identifier: Apache-2.0
// Draws the page's timeline with uPlot in place of the static bars.
(() => {
  const data = JSON.parse(document.getElementById('timeline').textContent);
  const box = document.getElementById('chart');
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const axis = () => ({ stroke: colour('--muted'), grid: { stroke: colour('--line') },
                        ticks: { stroke: colour('--line') } });
  const size = () => ({ width: box.clientWidth, height: 220 });
  let plot;
  const draw = () => {
    if (plot) plot.destroy();
    plot = new uPlot({
      ...size(),
      tzDate: (time) => uPlot.tzDate(new Date(time * 1000), 'Etc/UTC'),
      series: [
        {},
        { label: 'stuck', stroke: colour('--time'), width: 2 },
        { label: 'all closes', stroke: colour('--other'), scale: 'all' },
      ],
      scales: { all: { range: (_, low, high) => [0, Math.max(high, 1)] },
                y: { range: (_, low, high) => [0, Math.max(high, 1)] } },
      axes: [axis(), axis(), { ...axis(), scale: 'all', side: 1, grid: { show: false } }],
    }, [data.at, data.stuck, data.closes], box);
  };
  document.documentElement.classList.add('scripted');
  draw();
  addEventListener('resize', () => plot.setSize(size()));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
})();
