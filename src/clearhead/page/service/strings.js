// What the page says, in each of its own languages; `{…}` is filled in.

export const INTERFACES = { en: "English", fr: "Français", es: "Español", de: "Deutsch" };

const EN = {
  skip: "Skip to the text", interface: "Language of this page", translator: "Translator", from: "Translate from", to: "Translate to",
  swap: "Swap languages", text: "Text to translate", placeholder: "Type or paste text, or drop a file", clear: "Clear the text",
  file: "Translate a file", translation: "Translation", copy: "Copy", copied: "Copied", share: "Share", shared: "Link copied",
  link: "The link is in the address bar", alternatives: "Other translations", look: "Look inside this translation", glossary: "Glossary", history: "History",
  inside: "Inside this translation", private: "Glossary and history stay in this browser.", api: "API", drop: "Drop the file to translate it",
  detect: "Detect language", detected: "{language} detected", sure: "Confidence {share}", sureHint: "Probability that the translation is right",
  unsure: "{word}: {share} sure", comes: "{word} ← {words}", goes: "{word} → {words}", working: "Translating …", over: "{over} characters too many",
  count: "{count} / {most}", done: "Translation ready", use: "Use", later: "The service is busy. Trying again in {seconds} s.", stillLater: "The service is busy. Try again in a moment.",
  offline: "You are offline. Your text stays here and is translated once the connection is back.", unreachable: "The service cannot be reached.",
  retry: "Try again", failed: "That did not work: {reason}", fileWorking: "Translating {name} …", fileReady: "{name} is translated.", download: "Download",
  fileLarge: "{name} has {size}; at most {most} are translated.", fileLanguage: "Choose the language of the file first.",
  termSource: "Term", termTarget: "Its translation", addTerm: "Add a term", removeTerm: "Remove the term", termsHint: "Every translation then has your words for these terms.",
  noHistory: "Nothing translated yet.", clearHistory: "Clear the history", keepHistory: "Keep what I translate, in this browser only", lookWorking: "Looking inside …",
  whatIf: "What if …", hideWords: "the model could not see these words", begin: "the translation began with", forbid: "it had to do without the words", without: "a part of the model brought nothing",
  nothing: "nothing left out", tryIt: "Try it", tryAll: "Take away every part, one by one", plain: "Back to the plain translation", part: "{stack} layer {layer}",
  encoder: "encoder", decoder: "decoder", close: "Close", english: "What follows is in English.", notSame: "The languages are the same; choose another.", emptyPane: "The translation appears here",
};

const FR = {
  skip: "Aller au texte", interface: "Langue de cette page", translator: "Traducteur", from: "Traduire de", to: "Traduire vers",
  swap: "Inverser les langues", text: "Texte à traduire", placeholder: "Saisissez ou collez un texte, ou déposez un fichier", clear: "Effacer le texte",
  file: "Traduire un fichier", translation: "Traduction", copy: "Copier", copied: "Copié", share: "Partager", shared: "Lien copié",
  link: "Le lien est dans la barre d’adresse", alternatives: "Autres traductions", look: "Regarder dans cette traduction", glossary: "Glossaire", history: "Historique",
  inside: "Dans cette traduction", private: "Le glossaire et l’historique restent dans ce navigateur.", api: "API", drop: "Déposez le fichier pour le traduire",
  detect: "Détecter la langue", detected: "{language} détecté", sure: "Confiance {share}", sureHint: "Probabilité que la traduction soit juste",
  unsure: "{word} : sûr à {share}", comes: "{word} ← {words}", goes: "{word} → {words}", working: "Traduction …", over: "{over} caractères de trop",
  count: "{count} / {most}", done: "Traduction prête", use: "Choisir", later: "Le service est occupé. Nouvel essai dans {seconds} s.", stillLater: "Le service est occupé. Réessayez dans un instant.",
  offline: "Vous êtes hors ligne. Votre texte reste ici et sera traduit au retour de la connexion.", unreachable: "Le service est injoignable.",
  retry: "Réessayer", failed: "Cela n’a pas marché : {reason}", fileWorking: "Traduction de {name} …", fileReady: "{name} est traduit.", download: "Télécharger",
  fileLarge: "{name} fait {size} ; le maximum est de {most}.", fileLanguage: "Choisissez d’abord la langue du fichier.",
  termSource: "Terme", termTarget: "Sa traduction", addTerm: "Ajouter un terme", removeTerm: "Retirer le terme", termsHint: "Chaque traduction emploie alors vos mots pour ces termes.",
  noHistory: "Rien de traduit pour l’instant.", clearHistory: "Effacer l’historique", keepHistory: "Garder mes traductions, dans ce navigateur seulement", lookWorking: "Examen en cours …",
  whatIf: "Et si …", hideWords: "le modèle ne voyait pas ces mots", begin: "la traduction commençait par", forbid: "elle devait se passer des mots", without: "une partie du modèle n’apportait rien",
  nothing: "rien n’est retiré", tryIt: "Essayer", tryAll: "Retirer chaque partie, une à une", plain: "Revenir à la traduction simple", part: "{stack}, couche {layer}",
  encoder: "encodeur", decoder: "décodeur", close: "Fermer", english: "La suite est en anglais.", notSame: "Les deux langues sont les mêmes ; choisissez-en une autre.", emptyPane: "La traduction apparaît ici",
};

const ES = {
  skip: "Ir al texto", interface: "Idioma de esta página", translator: "Traductor", from: "Traducir del", to: "Traducir al",
  swap: "Intercambiar los idiomas", text: "Texto para traducir", placeholder: "Escriba o pegue un texto, o suelte un archivo", clear: "Borrar el texto",
  file: "Traducir un archivo", translation: "Traducción", copy: "Copiar", copied: "Copiado", share: "Compartir", shared: "Enlace copiado",
  link: "El enlace está en la barra de direcciones", alternatives: "Otras traducciones", look: "Mirar dentro de esta traducción", glossary: "Glosario", history: "Historial",
  inside: "Dentro de esta traducción", private: "El glosario y el historial se quedan en este navegador.", api: "API", drop: "Suelte el archivo para traducirlo",
  detect: "Detectar el idioma", detected: "{language} detectado", sure: "Confianza {share}", sureHint: "Probabilidad de que la traducción sea correcta",
  unsure: "{word}: seguro al {share}", comes: "{word} ← {words}", goes: "{word} → {words}", working: "Traduciendo …", over: "Sobran {over} caracteres",
  count: "{count} / {most}", done: "Traducción lista", use: "Usar", later: "El servicio está ocupado. Nuevo intento en {seconds} s.", stillLater: "El servicio está ocupado. Inténtelo de nuevo en un momento.",
  offline: "No hay conexión. Su texto se queda aquí y se traducirá cuando vuelva.", unreachable: "No se puede llegar al servicio.",
  retry: "Intentar de nuevo", failed: "No ha funcionado: {reason}", fileWorking: "Traduciendo {name} …", fileReady: "{name} está traducido.", download: "Descargar",
  fileLarge: "{name} ocupa {size}; el máximo es {most}.", fileLanguage: "Elija primero el idioma del archivo.",
  termSource: "Término", termTarget: "Su traducción", addTerm: "Añadir un término", removeTerm: "Quitar el término", termsHint: "Cada traducción usa entonces sus palabras para estos términos.",
  noHistory: "Todavía no hay traducciones.", clearHistory: "Borrar el historial", keepHistory: "Guardar lo que traduzco, solo en este navegador", lookWorking: "Mirando dentro …",
  whatIf: "¿Y si …?", hideWords: "el modelo no viera estas palabras", begin: "la traducción empezara por", forbid: "tuviera que evitar las palabras", without: "una parte del modelo no aportara nada",
  nothing: "no se quita nada", tryIt: "Probar", tryAll: "Quitar cada parte, una por una", plain: "Volver a la traducción simple", part: "{stack}, capa {layer}",
  encoder: "codificador", decoder: "decodificador", close: "Cerrar", english: "Lo que sigue está en inglés.", notSame: "Los dos idiomas son el mismo; elija otro.", emptyPane: "La traducción aparece aquí",
};

const DE = {
  skip: "Zum Text", interface: "Sprache dieser Seite", translator: "Übersetzer", from: "Übersetzen aus", to: "Übersetzen in",
  swap: "Sprachen tauschen", text: "Zu übersetzender Text", placeholder: "Text eingeben oder einfügen, oder eine Datei ablegen", clear: "Text löschen",
  file: "Datei übersetzen", translation: "Übersetzung", copy: "Kopieren", copied: "Kopiert", share: "Teilen", shared: "Link kopiert",
  link: "Der Link steht in der Adresszeile", alternatives: "Andere Übersetzungen", look: "In diese Übersetzung hineinsehen", glossary: "Glossar", history: "Verlauf",
  inside: "In dieser Übersetzung", private: "Glossar und Verlauf bleiben in diesem Browser.", api: "API", drop: "Datei ablegen, um sie zu übersetzen",
  detect: "Sprache erkennen", detected: "{language} erkannt", sure: "Zuversicht {share}", sureHint: "Wahrscheinlichkeit, dass die Übersetzung stimmt",
  unsure: "{word}: zu {share} sicher", comes: "{word} ← {words}", goes: "{word} → {words}", working: "Wird übersetzt …", over: "{over} Zeichen zu viel",
  count: "{count} / {most}", done: "Die Übersetzung ist da", use: "Übernehmen", later: "Der Dienst ist ausgelastet. Neuer Versuch in {seconds} s.", stillLater: "Der Dienst ist ausgelastet. Bitte gleich noch einmal versuchen.",
  offline: "Keine Verbindung. Ihr Text bleibt hier und wird übersetzt, sobald sie wieder da ist.", unreachable: "Der Dienst ist nicht erreichbar.",
  retry: "Noch einmal", failed: "Das ging nicht: {reason}", fileWorking: "{name} wird übersetzt …", fileReady: "{name} ist übersetzt.", download: "Herunterladen",
  fileLarge: "{name} hat {size}; höchstens {most} sind möglich.", fileLanguage: "Wählen Sie zuerst die Sprache der Datei.",
  termSource: "Begriff", termTarget: "Seine Übersetzung", addTerm: "Begriff hinzufügen", removeTerm: "Begriff entfernen", termsHint: "Jede Übersetzung hat dann Ihre Wörter für diese Begriffe.",
  noHistory: "Noch nichts übersetzt.", clearHistory: "Verlauf löschen", keepHistory: "Meine Übersetzungen behalten, nur in diesem Browser", lookWorking: "Es wird hineingesehen …",
  whatIf: "Was wäre, wenn …", hideWords: "das Modell diese Wörter nicht sähe", begin: "die Übersetzung so begänne", forbid: "sie ohne diese Wörter auskommen müsste", without: "ein Teil des Modells nichts beitrüge",
  nothing: "nichts fehlt", tryIt: "Ausprobieren", tryAll: "Jeden Teil einzeln weglassen", plain: "Zurück zur einfachen Übersetzung", part: "{stack}, Schicht {layer}",
  encoder: "Encoder", decoder: "Decoder", close: "Schließen", english: "Das Folgende ist auf Englisch.", notSame: "Beide Sprachen sind gleich; wählen Sie eine andere.", emptyPane: "Hier erscheint die Übersetzung",
};

export const STRINGS = { en: EN, fr: FR, es: ES, de: DE };
