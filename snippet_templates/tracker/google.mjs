/** The client id of Google Analytics, where the owner asked for it: the one cookie of others that is ever read. */
export const google = (h) => {
  if (!h._settings.trackGoogleClientId) return;
  const own = h._context;
  h._context = () => {
    const [, client] = /(?:^|; )_ga=GA\d\.\d\.(\d+\.\d+)/.exec(h._w.document.cookie) || [];
    return { ...own(), ...(client && { google: { client } }) };
  };
};
