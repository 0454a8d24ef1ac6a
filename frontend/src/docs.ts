// The page at /api/docs: Swagger UI with the document that the server answers. It works under the page's
// Content-Security-Policy: no inline scripts, no inline styles, nothing from other hosts.

import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle.js';
import 'swagger-ui-dist/swagger-ui.css';

SwaggerUI({
  url: '/api/v1/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  // Else it sends the document's address to a service on the internet.
  validatorUrl: null,
});
