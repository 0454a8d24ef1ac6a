// Whether the server has a newer page than this one. Each answer of the API names the build of the server's page.

class PageVersion {
  isOld = $state(false);

  /** Call with the headers of each answer. */
  readonly note = (headers: Headers): void => {
    const served = headers.get('X-Hubbub-Build');
    if (served === null) return;
    const own = document.querySelector<HTMLMetaElement>('meta[name="hubbub-build"]')?.content;
    // Without a name the page is not built, but served by Vite as it is.
    if (own !== undefined) this.isOld = served !== own;
  };
}

export const pageVersion = new PageVersion();
