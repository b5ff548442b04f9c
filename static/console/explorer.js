// Swagger UI, told where the specification is. Its dark colours hang on a class, ours on what the system prefers.
const dark = matchMedia('(prefers-color-scheme: dark)');
const paint = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', paint);
paint();

const { specification, viewer } = document.getElementById('explorer').dataset;

// A viewer is not shown what only owners may do; the server refuses it all the same.
const forViewers = (spec) => {
  Object.values(spec.paths).forEach((operations) =>
    Object.keys(operations).forEach((method) => operations[method]['x-owners-only'] && delete operations[method]),
  );
  return spec;
};

const show = (from) =>
  SwaggerUIBundle({
    ...from,
    dom_id: '#explorer',
    deepLinking: true,
    docExpansion: 'list',
    defaultModelsExpandDepth: -1,
    displayRequestDuration: true,
    // A token stays in this page alone.
    persistAuthorization: false,
    validatorUrl: null,
  });

if (viewer === undefined) show({ url: specification });
else fetch(specification).then(async (answer) => show({ spec: forViewers(await answer.json()) }));
