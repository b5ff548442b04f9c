!function(F){var o;try{o=options}catch(e){}{{ chunks }}F.start(window,JSON.parse({{ config | tojson | tojson }}),o,F)}([]);
