// Not in the page itself, whose policy allows no inline script.
const place = document.getElementById("docs");

SwaggerUIBundle({
  domNode: place,
  url: place.dataset.document,
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  displayRequestDuration: true,
  showExtensions: true,
  showCommonExtensions: true,
  // Else the document would be sent to a service elsewhere that checks it.
  validatorUrl: null,
});
