// A separate file, because the Content-Security-Policy allows no inline script.
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
  // Swagger UI would send the document to validator.swagger.io otherwise.
  validatorUrl: null,
});
