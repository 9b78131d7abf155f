/* Paper: one sheet with the map, its legend and the list, one more where the list is long; or one sheet of one village.
   Set before the browser lays the page out, so that the map can be fitted; the sheets take the paper as it is turned.
   Everything is measured as on A4. */
const MM = 96 / 25.4;
const MAP_WIDE = 188;
// What is printed within margins of 9 mm on A4 across, less a little for rounding.
const HIGH = 190;
const PER_SHEET = 120;
// A3 is A4 with everything larger by the root of two.
const LARGER = Math.SQRT2;

function preparePrint({ map, state, home, goHome, hold, painter }) {
  const body = document.body;
  const page = document.querySelector('.lk-page');
  let seen = null;

  function mapSize(wide, high) {
    Object.assign(map.getContainer().style, { width: wide + 'mm', height: high + 'mm' });
    map.invalidateSize({ animate: false, pan: false });
  }

  const tall = (cls) => { const node = document.querySelector(cls); return node ? node.getBoundingClientRect().height / MM / (body.classList.contains('lk-A3') ? LARGER : 1) : 0; };

  function wholeSheets() {
    hold(null);
    const high = Math.max(70, HIGH - tall('.lk-head') - tall('.lk-legend') - tall('.lk-foot') - 2);
    mapSize(MAP_WIDE, high);
    goHome();
    const list = state.panel.querySelector('.lk-list');
    const own = [...list.children];
    if (state.panel.scrollHeight / MM <= high + tall('.lk-legend')) return;
    body.classList.add('lk-longlist');
    for (let at = 0; at < own.length; at += PER_SHEET) {
      body.append(make('section', { cls: 'lk-sheet' }, page.querySelector('.lk-head').cloneNode(true),
        make('h2', {}, say('ui.list')), data.list_note ? make('p', { cls: 'lk-listnote' }, data.list_note) : null,
        make('ol', { cls: 'lk-list' }, ...own.slice(at, at + PER_SHEET).map((item) => item.cloneNode(true))),
        page.querySelector('.lk-foot').cloneNode(true)));
    }
  }

  function villageSheet(i) {
    body.classList.add('lk-onevillage');
    page.insertBefore(state.legend, page.querySelector('.lk-foot'));
    mapSize(88, 56);
    // A village of many words is set a little smaller, to stay on its one sheet.
    for (let size = 0.98; size > 0.7 && tall('.lk-page') > HIGH; size -= 0.04) state.panel.style.zoom = size;
    if (painter.has(i)) map.fitBounds(painter.bounds(i).pad(0.6), { animate: false });
  }

  window.addEventListener('beforeprint', () => {
    if (seen) return;
    body.classList.toggle('lk-A3', state.paper.size === 'A3');
    const one = state.held !== null && getComputedStyle(state.panel).display !== 'none' ? state.held : null;
    seen = { center: map.getCenter(), zoom: map.getZoom(), held: state.held, whole: home.shown };
    body.classList.add('lk-printing');
    state.repaint();
    if (one === null) wholeSheets();
    else villageSheet(one);
    state.labels.now();
  });
  window.addEventListener('afterprint', () => {
    if (!seen) return;
    const { center, zoom, held, whole } = seen;
    seen = null;
    body.classList.remove('lk-printing', 'lk-longlist', 'lk-onevillage', 'lk-A3');
    page.insertBefore(state.legend, state.panel);
    body.querySelectorAll('.lk-sheet').forEach((sheet) => sheet.remove());
    state.panel.style.zoom = '';
    Object.assign(map.getContainer().style, { width: '', height: '' });
    map.invalidateSize({ animate: false });
    if (whole) goHome();
    else map.setView(center, zoom, { animate: false });
    hold(held);
  });
}
