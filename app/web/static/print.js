// Printing is the browser's; without scripts its own menu prints the page.

document.getElementById("print")?.addEventListener("click", () => window.print());
