// Swagger UI, told where the specification is. Its dark colours hang on a class, ours on what the system prefers.
const dark = matchMedia('(prefers-color-scheme: dark)');
const paint = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', paint);
paint();

SwaggerUIBundle({
  url: document.getElementById('explorer').dataset.specification,
  dom_id: '#explorer',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: -1,
  displayRequestDuration: true,
  // A token stays in this page alone.
  persistAuthorization: false,
  validatorUrl: null,
});
