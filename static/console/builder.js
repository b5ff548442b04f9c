// The builder's form: htmx sends it and puts in what comes back; this keeps a draft, and says which fields are wrong.
const form = () => document.getElementById('builder');
let shown = form();
const key = () => `draft ${form().dataset.draft}`;

// What was filled and is empty now is wrong at once; what waits to be filled is not wrong yet.
const filled = new Set();
const note = ({ name, value }) => name && value.trim() && filled.add(name);
const noteAll = () => {
  filled.clear();
  Array.from(form().elements).forEach((field) => (note(field), field.hasAttribute('aria-invalid') && filled.add(field.name)));
};

const keep = () => {
  const typed = new FormData(form());
  typed.delete('csrf');
  sessionStorage.setItem(key(), new URLSearchParams(typed));
};

const mark = () =>
  document.querySelectorAll('#builder [aria-describedby]').forEach((field) => {
    const below = document.getElementById(field.getAttribute('aria-describedby'));
    field.toggleAttribute('aria-invalid', below.classList.contains('problem'));
    if (field.hasAttribute('aria-invalid')) field.setAttribute('aria-invalid', 'true');
  });

document.addEventListener('input', ({ target }) => note(target));
document.addEventListener('htmx:configRequest', ({ detail }) => {
  const isEmpty = ({ name, value }) => filled.has(name) && !value.trim();
  detail.parameters.emptied = Array.from(form().elements).filter(isEmpty).map(({ name }) => name).join(' ');
});
document.addEventListener('input', keep);
document.addEventListener('change', keep);
// Which draft was sent; console.js lets it go once a page says that it is stored.
document.addEventListener('submit', () => sessionStorage.setItem('sent', key()));

document.addEventListener('htmx:afterSettle', () => {
  mark();
  if (form() == shown) return;
  shown = form();
  noteAll();
  if ('fresh' in shown.dataset) sessionStorage.removeItem(key());
  else keep();
});

['htmx:sendError', 'htmx:responseError'].forEach((name) =>
  document.addEventListener(name, () => {
    const status = document.querySelector('#preview [role=status]');
    status.textContent = 'The collector did not answer, so this is not as you have typed it. Nothing typed is lost.';
    status.className = 'problem';
  }),
);

document.addEventListener('DOMContentLoaded', () => {
  noteAll();
  const draft = sessionStorage.getItem(key());
  if (!draft || !('fresh' in form().dataset)) return;
  const values = { do: 'draft', csrf: form().elements.csrf.value };
  new URLSearchParams(draft).forEach((value, name) => (values[name] = value));
  htmx.ajax('POST', form().getAttribute('hx-post'), { target: '#builder', swap: 'outerHTML', values, source: document.body });
});
