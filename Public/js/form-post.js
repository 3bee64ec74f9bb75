// Sends the answer of an authorization request to the client at once; without scripts, people press the button.
document.getElementById("answer").submit();
