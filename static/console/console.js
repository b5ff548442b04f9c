// What the pages cannot do without a script: copying, and asking for nothing else.
document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (!button) return;
  const from = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(from.textContent);
    button.textContent = 'Copied';
  } catch {
    // Browsers give the clipboard to https and localhost only; selected text is one key away from it.
    getSelection().selectAllChildren(from);
    button.textContent = 'Press Ctrl+C';
  }
  setTimeout(() => { button.textContent = 'Copy'; }, 3000);
});

// A source was stored, so what was typed for it need not be kept any more.
if (document.querySelector('[data-drafts-over]') && sessionStorage.getItem('sent')) {
  sessionStorage.removeItem(sessionStorage.getItem('sent'));
  sessionStorage.removeItem('sent');
}
