/** Whether a node or one around it has an attribute; what is around a shadow root is its host. */
export const within = (node, attribute) => {
  for (; node; node = node.getRootNode().host) if (node.closest(`[${attribute}]`)) return true;
};
